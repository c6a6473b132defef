"""The browsers an account is signed in with, and signing out of all others."""

from __future__ import annotations

from bottle import HTTPResponse

from ..data.models import Session, Visitor
from ..security.sessions import redirect, signed_in
from ..web.pages import flash, page
from ..web.routing import new_routes

routes = new_routes()


@routes.get("/settings/sessions/")
@signed_in
def sessions(visitor: Visitor) -> str:
    """List the browsers that are signed in."""
    found = [
        (session_id == visitor.session_id, name, seen) for session_id, name, seen in Session.of_user(visitor.user_id)
    ]
    return page("sessions", "Where you are signed in", visitor, sessions=found)


@routes.post("/settings/sessions/")
@signed_in
def end_others(visitor: Visitor) -> HTTPResponse:
    """Sign out every other browser."""
    Session.end_others(visitor.user_id, visitor.session_id)
    flash("sessions-ended")
    return redirect("/settings/sessions/")
