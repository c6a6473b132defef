"""Pads: a name for a group of notes."""

from __future__ import annotations

from typing import Any

from bottle import HTTPError

from ..data.models import Visitor
from ..data.notes import Pad
from ..data.trash import restore_pad, trash_pad
from ..security.sessions import redirect, signed_in
from ..web.forms import Form, sent_form
from ..web.pages import flash, page
from ..web.routing import new_routes
from .listing import asked_listing, list_page

routes = new_routes()


@routes.get("/pads/create/")
@signed_in
def create_form(visitor: Visitor) -> str:
    """Show the form for a new pad."""
    return page("pad_form", "New pad", visitor, Form(), button="Create")


@routes.post("/pads/create/")
@signed_in
def create(visitor: Visitor) -> Any:
    """Create a pad and open it."""
    form = sent_form()
    name = form.name()
    if not form.ok:
        return page("pad_form", "New pad", visitor, form, button="Create")
    pad_id = Pad.add(visitor.user_id, name)
    flash("pad-created")
    return redirect(f"/pads/{pad_id}/")


@routes.get("/pads/<pad_id:id>/")
@signed_in
def view(visitor: Visitor, pad_id: int) -> str:
    """List a pad's notes, or those in it that contain the words searched for."""
    listing, name = asked_listing(), own_pad(visitor, pad_id)
    return list_page(visitor, listing, f"Search in {name}" if listing.search else name, pad_id)


@routes.get("/pads/<pad_id:id>/edit/")
@signed_in
def edit_form(visitor: Visitor, pad_id: int) -> str:
    """Show a pad's name to be changed."""
    name = own_pad(visitor, pad_id)
    return page("pad_form", name, visitor, Form({"name": name}), button="Save", pad_id=pad_id, active_pad=pad_id)


@routes.post("/pads/<pad_id:id>/edit/")
@signed_in
def edit(visitor: Visitor, pad_id: int) -> Any:
    """Rename a pad."""
    old_name = own_pad(visitor, pad_id)
    form = sent_form()
    name = form.name()
    if not form.ok:
        return page("pad_form", old_name, visitor, form, button="Save", pad_id=pad_id, active_pad=pad_id)
    Pad.rename(pad_id, name)
    flash("pad-saved")
    return redirect(f"/pads/{pad_id}/")


@routes.get("/pads/<pad_id:id>/delete/")
@signed_in
def delete_form(visitor: Visitor, pad_id: int) -> str:
    """Ask whether a pad and its notes shall really go."""
    return page("pad_delete", own_pad(visitor, pad_id), visitor, pad_id=pad_id, active_pad=pad_id)


@routes.post("/pads/<pad_id:id>/delete/")
@signed_in
def delete(visitor: Visitor, pad_id: int) -> Any:
    """Put a pad with its notes into the trash."""
    own_pad(visitor, pad_id)
    trash_pad(pad_id, visitor.user_id)
    flash("pad-deleted", pad_id)
    return redirect("/")


@routes.post("/pads/<pad_id:id>/restore/")
@signed_in
def restore(visitor: Visitor, pad_id: int) -> Any:
    """Take a pad out of the trash, with its notes, and show it."""
    if not restore_pad(pad_id, visitor.user_id):
        own_pad(visitor, pad_id)
    flash("pad-restored")
    return redirect(f"/pads/{pad_id}/")


def own_pad(visitor: Visitor, pad_id: int) -> str:
    """Return the name of the visitor's pad, or stop with 404."""
    name = visitor.pad_name(pad_id)
    if not name:
        raise HTTPError(404)
    return name
