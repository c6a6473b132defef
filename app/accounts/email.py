"""Changing the address of an account: the new one must show that it receives mail before it counts."""

from __future__ import annotations

from typing import Any

from bottle import HTTPResponse, request
from itsdangerous import BadSignature
from peewee import IntegrityError

from ..data.models import User, Visitor, database
from ..security.sessions import redirect, signed_in
from ..web.forms import Form, sent_form
from ..web.pages import flash, page
from ..web.routing import new_routes
from .account import confirmed
from .auth import too_many

routes = new_routes()
LINK_SECONDS = 3600


@routes.get("/settings/email/")
@signed_in
def change_form(visitor: Visitor) -> str:
    """Ask for the new address and the password."""
    return page("email", "Change e-mail address", visitor, Form())


@routes.post("/settings/email/")
@signed_in
def change(visitor: Visitor) -> Any:
    """Send a link to the new address; nothing changes before it is followed."""
    form = sent_form()
    new, password = form.email(), form.password("password")
    if form.ok and confirmed(form, visitor, "password", password) and request.app.throttle.refuses("reset", new):
        too_many(form, "email")
    if not form.ok:
        return page("email", "Change e-mail address", visitor, form)
    app, old = request.app, visitor.email
    token = app.links.dumps([visitor.user_id, old, new])
    app.outbox.later(lambda: _send(app.outbox, app.settings.public_url, token, new))
    flash("email-sent")
    return redirect("/settings/")


@routes.get("/settings/email/<token:signed>/")
def confirm_form(token: str) -> Any:
    """Show what the link would do. Looking does not do it: mail scanners look too."""
    wanted = _wanted(token)
    if wanted is None:
        return _invalid()
    return page("email_confirm", "Confirm your new address", link_token=token, new=wanted[2])


@routes.post("/settings/email/<token:signed>/")
def confirm(token: str) -> HTTPResponse:
    """Change the address, and tell the old one."""
    wanted = _wanted(token)
    try:
        changed = wanted is not None and User.change_email(*wanted)
    except IntegrityError:  # the new address got an account of its own since the link was sent
        changed = False
    if wanted is None or not changed:
        return _invalid()
    outbox, (_, old, new) = request.app.outbox, wanted
    outbox.later(lambda: outbox.write(old, "Your Notejam address was changed", _CHANGED.format(new=new)))
    flash("email-changed")
    return redirect("/settings/")


def _wanted(token: str) -> tuple[int, str, str] | None:
    """Return account, old and new address of a link, or None when it is forged, too old or not one of ours."""
    try:
        user_id, old, new = request.app.links.loads(token, max_age=LINK_SECONDS)
    except (BadSignature, ValueError):
        return None
    return user_id, old, new


def _send(outbox: Any, public_url: str, token: str, new: str) -> None:
    with database.connection_context():
        taken = User.with_email(new) is not None
    # Whether an address has an account is told to its owner alone.
    outbox.write(new, "Your new Notejam address", _TAKEN if taken else _LETTER.format(url=public_url, token=token))


def _invalid() -> HTTPResponse:
    flash("email-invalid")
    return redirect("/settings/")


_LETTER = """\
Hello,

somebody, probably you, wants to use this address for a Notejam account.
To confirm it, open this page within the next hour:

{url}/settings/email/{token}/

If it was not you, ignore this letter: nothing has changed.
"""
_TAKEN = """\
Hello,

somebody, probably you, wants to use this address for a Notejam account,
but it has an account already. Sign in with it, or choose another address.
"""
_CHANGED = """\
Hello,

the address of your Notejam account is now {new}.
If it was not you, somebody knows your password: please tell the people who
run this Notejam.
"""
