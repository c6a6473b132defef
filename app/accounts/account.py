"""One's own account: another password, a copy of everything, and the way out."""

from __future__ import annotations

import os
from typing import Any

from bottle import HTTPResponse, request, response

from ..data.models import User, Visitor
from ..data.notes import Note
from ..notes.export import archive
from ..security.sessions import redirect, signed_in
from ..web.dates import time_zones
from ..web.forms import Form, sent_form
from ..web.pages import flash, page
from ..web.routing import new_routes
from .auth import TOO_MANY

routes = new_routes()


@routes.get("/settings/")
@signed_in
def settings_form(visitor: Visitor) -> str:
    """Show the account's page."""
    return page("settings", "Account settings", visitor, Form())


@routes.post("/settings/")
@signed_in
def change_password(visitor: Visitor) -> Any:
    """Change the password and sign out every other browser."""
    form = sent_form()
    old = form.password("old_password", "your old password")
    new = form.new_password("new_password", "repeat_new_password")
    user = confirmed(form, visitor, "old_password", old) if form.ok else None
    if user is None:
        return page("settings", "Account settings", visitor, form)
    user.change_password(request.app.passwords.hash(new))
    request.app.sessions.start(user.id, user.email)
    flash("password-changed")
    return redirect("/settings/")


@routes.get("/settings/time-zone/")
@signed_in
def time_zone_form(visitor: Visitor) -> str:
    """Show the zones there are, the visitor's chosen."""
    return _time_zone_page(visitor, Form({"time_zone": visitor.time_zone}))


@routes.post("/settings/time-zone/")
@signed_in
def change_time_zone(visitor: Visitor) -> Any:
    """Keep the zone in which times are shown; none means the deployment's."""
    form = sent_form()
    zone = form["time_zone"]
    if zone and zone not in time_zones():
        form.fail("time_zone", "Please choose one of these time zones.")
        return _time_zone_page(visitor, form)
    User.update(time_zone=zone).where(User.id == visitor.user_id).execute()
    flash("time-zone-saved")
    return redirect("/settings/")


@routes.get("/settings/export/", slow=True)
@signed_in
def export(visitor: Visitor) -> HTTPResponse:
    """Send all notes as a zip: one JSON file, and a Markdown file for each note."""
    file = archive(visitor, Note.all_of(visitor.user_id))
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": 'attachment; filename="notejam.zip"',
        "Content-Length": str(os.fstat(file.fileno()).st_size),
    }
    return HTTPResponse(file, headers=headers)


@routes.get("/settings/delete/")
@signed_in
def delete_form(visitor: Visitor) -> str:
    """Ask whether the account shall really go."""
    return page("account_delete", "Delete account", visitor, Form())


@routes.post("/settings/delete/")
@signed_in
def delete(visitor: Visitor) -> Any:
    """Delete the account with everything in it, once the password confirms it."""
    form = sent_form()
    password = form.password("password")
    user = confirmed(form, visitor, "password", password) if form.ok else None
    if user is None:
        return page("account_delete", "Delete account", visitor, form)
    request.app.sessions.end()
    User.delete().where(User.id == user.id).execute()
    flash("account-deleted")
    return redirect("/signup/")


def _time_zone_page(visitor: Visitor, form: Form) -> str:
    zones, default = time_zones(), request.app.settings.time_zone
    return page("time_zone", "Time zone", visitor, form, zones=zones, default=default)


def confirmed(form: Form, visitor: Visitor, field: str, password: str) -> User | None:
    """Return the visitor's account if the password is its own, or None with the reason in the form."""
    if request.app.throttle.refuses("password", visitor.email, visitor.session_id):
        response.status = 429
        form.fail(field, TOO_MANY)
        return None
    user: User | None = User.with_email(visitor.email)
    if user is None or not request.app.passwords.verify(user.password_hash, password):
        form.fail(field, "This is not your password.")
        return None
    request.app.throttle.forgive("password", visitor.email, visitor.session_id)
    return user
