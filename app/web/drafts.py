"""What somebody wrote and the application could not save now: kept on the page that says so, and through signing in.

It travels in the page's own form, in fields of another name. Nothing of it is trusted: it is saved by the handler that
a note's form is sent to, with all of its checks, for whoever has signed in.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from bottle import HTTPError, HTTPResponse, request

from ..security.sessions import TOKEN_FIELD
from .forms import Form, sent_form

# The forms in which people write: only these can be sent again.
WRITING = re.compile(r"/notes/(?:create|[1-9][0-9]{0,17}/edit)/")
PREFIX = "kept-"
PATH = f"{PREFIX}path"


class Draft(NamedTuple):
    """A note's form that was sent: where to, and its fields."""

    path: str
    fields: dict[str, str]

    def kept(self) -> list[tuple[str, str]]:
        """Return names and values of the fields that carry the draft in another form."""
        return [(PATH, self.path), *((f"{PREFIX}{name}", value) for name, value in self.fields.items())]


def sent_draft() -> Draft | None:
    """Return what this request would have saved, if it was a note's form and arrived whole."""
    path = request.environ.get("PATH_INFO", "")
    if request.method != "POST" or not WRITING.fullmatch(path):
        return None
    try:
        form = sent_form()
    except HTTPError:
        return None
    return _draft(path, {name: value for name, value in form.values.items() if name != TOKEN_FIELD})


def kept_draft(form: Form) -> Draft | None:
    """Return the draft that a form carries."""
    path = form[PATH]
    if not WRITING.fullmatch(path):
        return None
    prefixed = {name: value for name, value in form.values.items() if name.startswith(PREFIX) and name != PATH}
    return _draft(path, {name.removeprefix(PREFIX): value for name, value in prefixed.items()})


def save(draft: Draft) -> Any:
    """Answer as if the draft's form had been sent now, by the visitor who has just signed in."""
    app, environ = request.app, request.environ
    environ["notejam.form"] = Form({**draft.fields, TOKEN_FIELD: app.sessions.form_token()})
    try:
        route, arguments = app.router.match({"PATH_INFO": draft.path, "REQUEST_METHOD": "POST"})
    except HTTPError as error:
        return error
    answer: HTTPResponse | str = route.call(**arguments)
    return answer


def _draft(path: str, fields: dict[str, str]) -> Draft | None:
    return Draft(path, fields) if fields.get("text") or fields.get("name") else None
