"""Pages from templates: what all of them show, and the message that follows an action."""

from __future__ import annotations

import re
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bottle import SimpleTemplate, html_escape, request

from ..data.models import Visitor
from ..security.sessions import TOKEN_FIELD, cookie
from .dates import Calendar
from .forms import Form, whole_number

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
    "sessions-ended": "Every other browser is signed out.",
    "email-sent": "A link is on its way to the new address. Nothing changes before you open it.",
    "email-changed": "Your e-mail address is changed.",
    "email-invalid": "This link has expired or was used already, or the address has an account by now.",
    "account-deleted": "Your account and all your notes are deleted.",
    "note-created": "The note is created.",
    "note-saved": "The note is saved.",
    "note-without-pad": "The note is saved, in no pad: its pad was deleted meanwhile.",
    "note-deleted": "The note is in the trash.",
    "note-restored": "The note is back.",
    "notes-moved": "Notes moved: {number}.",
    "notes-deleted": "Notes put into the trash: {number}.",
    "none-chosen": "No note was chosen.",
    "pad-unknown": "Nothing is moved: this pad does not exist any more.",
    "pad-created": "The pad is created.",
    "pad-saved": "The pad is renamed.",
    "pad-deleted": "The pad and its notes are in the trash.",
    "pad-restored": "The pad and its notes are back.",
    "trash-emptied": "The trash is empty.",
    "time-zone-saved": "Times are shown in your time zone.",
}

UNDO = {"note-deleted": "/notes/{}/restore/", "pad-deleted": "/pads/{}/restore/"}


def page(template: str, title: str, visitor: Visitor | None = None, form: Form | None = None, **values: Any) -> str:
    """Return a whole page; `title` stands beside the logo and in the window's title."""
    app = request.app
    html: str = _template(template).render(
        title=title,
        visitor=visitor,
        form=form,
        token_input=_TokenInput(),
        flash=_take_flash(),
        asset=app.assets.url,
        when=calendar(visitor).tag,
        **{"active_pad": None, **values},
    )
    return html


class _TokenInput:
    """The field of a form's token, made where a page has a form.

    A page without one must not give the browser a cookie: one that arrives late, as with the 404 of an icon, would take
    the place of that which the forms on screen were made for.
    """

    def __str__(self) -> str:
        return self._html

    @cached_property
    def _html(self) -> str:
        return f'<input type="hidden" name="{TOKEN_FIELD}" value="{request.app.sessions.form_token()}">'


def calendar(visitor: Visitor | None) -> Calendar:
    """Return words for moments in the visitor's time zone, or in the deployment's."""
    return Calendar(ZoneInfo(visitor.time_zone) if visitor and visitor.time_zone else request.app.zone)


class Flash(NamedTuple):
    """What happened, and the address that undoes it, if any."""

    message: str
    undo: str


def flash(key: str, number: int | None = None) -> None:
    """Show one of MESSAGES on the next page; the number is what it counts, or what can be restored."""
    value = key if number is None else f"{key}.{number}"
    request.app.sessions.set_cookie(request.app.sessions.flash_cookie, value, max_age=60)


def _take_flash() -> Flash | None:
    name = request.app.sessions.flash_cookie
    value = cookie(name)
    if not value:
        return None
    request.app.sessions.set_cookie(name, "", max_age=0)
    key, _, number = value.partition(".")
    if key not in MESSAGES or (number and whole_number(number) is None):
        return None
    return Flash(MESSAGES[key].format(number=number), UNDO[key].format(number) if number and key in UNDO else "")


class Template(SimpleTemplate):
    """Bottle's, with an escape that leaves alone what needs none: most names, all numbers."""

    def prepare(self, **options: Any) -> None:
        """Set up like the base class."""
        super().prepare(**options)
        self._escape = escape
        self._str = str

    def execute(self, _stdout: list[str], kwargs: dict[str, Any]) -> None:
        """As the base class, but end the circle of names and functions, which held a page's texts until collected."""
        names = {**kwargs, "_stdout": _stdout, "_printlist": _stdout.extend, "_str": self._str, "_escape": self._escape}
        names |= {"include": partial(self._include, names), "rebase": partial(self._rebase, names), "_rebase": None}
        names["defined"] = names.__contains__
        exec(self.co, names)
        if names["_rebase"]:
            frame, values = names["_rebase"]
            values["base"] = "".join(_stdout)
            _stdout.clear()
            self._include(names, frame, **values)
        names.clear()


def escape(value: Any) -> str:
    """Return a value as HTML text, for elements and attributes."""
    text = value if type(value) is str else str(value)
    return html_escape(text) if SPECIAL(text) else text


@cache
def _template(name: str) -> Template:
    return Template(name=f"{name}.tpl", lookup=[str(VIEWS)])
