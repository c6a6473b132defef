"""The trash: what was deleted in the last 30 days, and the ways out of it."""

from __future__ import annotations

from typing import Any

from ..data.models import Visitor
from ..data.trash import DAYS, empty_trash, trashed
from ..security.sessions import redirect, signed_in
from ..web.pages import flash, page
from ..web.routing import new_routes

routes = new_routes()
MOST_SHOWN = 500


@routes.get("/trash/")
@signed_in
def show(visitor: Visitor) -> str:
    """List what is in the trash."""
    return page("trash", "Trash", visitor, items=trashed(visitor.user_id, MOST_SHOWN), days=DAYS)


@routes.get("/trash/empty/")
@signed_in
def empty_form(visitor: Visitor) -> str:
    """Ask whether everything in the trash shall go for good."""
    return page("trash_empty", "Empty the trash", visitor, count=len(trashed(visitor.user_id, MOST_SHOWN)))


@routes.post("/trash/empty/")
@signed_in
def empty(visitor: Visitor) -> Any:
    """Delete for good what is in the trash."""
    empty_trash(visitor.user_id)
    flash("trash-emptied")
    return redirect("/trash/")
