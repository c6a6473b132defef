"""Pages from templates: what all of them show, and the message that follows an action."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from bottle import SimpleTemplate, html_escape, request

from ..data.models import Visitor
from ..security.sessions import TOKEN_FIELD, cookie
from .dates import Calendar
from .forms import Form

SPECIAL = re.compile(r"[&<>\"']").search
VIEWS = Path(__file__).parents[1] / "views"
# A flash is kept as its key, so the cookie needs no signature: nobody can make a page say anything else.
MESSAGES = {
    "signed-up": "Welcome to Notejam! Your account is ready.",
    "signed-in": "You are signed in.",
    "signed-out": "You are signed out.",
    "reset-sent": "If there is an account with this address, a link to choose a new password is on its way.",
    "reset-done": "Your password is changed. Please sign in with the new one.",
    "reset-invalid": "This link has expired or was used already. You can ask for another one.",
    "password-changed": "Your password is changed. Other browsers are signed out.",
    "account-deleted": "Your account and all your notes are deleted.",
    "note-created": "The note is created.",
    "note-saved": "The note is saved.",
    "note-deleted": "The note is deleted.",
    "pad-created": "The pad is created.",
    "pad-saved": "The pad is renamed.",
    "pad-deleted": "The pad and its notes are deleted.",
}


def page(template: str, title: str, visitor: Visitor | None = None, form: Form | None = None, **values: Any) -> str:
    """Return a whole page; `title` stands beside the logo and in the window's title."""
    app = request.app
    html: str = _template(template).render(
        title=title,
        visitor=visitor,
        form=form,
        token_input=f'<input type="hidden" name="{TOKEN_FIELD}" value="{app.sessions.form_token()}">',
        flash=_take_flash(),
        asset=app.assets.url,
        when=Calendar(app.zone).words,
        **{"active_pad": None, **values},
    )
    return html


def flash(key: str) -> None:
    """Show one of MESSAGES on the next page."""
    request.app.sessions.set_cookie(request.app.sessions.flash_cookie, key, max_age=60)


def _take_flash() -> str:
    name = request.app.sessions.flash_cookie
    key = cookie(name)
    if key:
        request.app.sessions.set_cookie(name, "", max_age=0)
    return MESSAGES.get(key, "")


class Template(SimpleTemplate):
    """Bottle's, with an escape that leaves alone what needs none: most names, all numbers."""

    def prepare(self, **options: Any) -> None:
        """Set up like the base class."""
        super().prepare(**options)
        self._escape = _escape
        self._str = str


def _escape(value: Any) -> str:
    text = value if type(value) is str else str(value)
    return html_escape(text) if SPECIAL(text) else text


@cache
def _template(name: str) -> Template:
    return Template(name=f"{name}.tpl", lookup=[str(VIEWS)])
