"""Notes: one note's life, from the empty form to the trash and back."""

from __future__ import annotations

from typing import Any

from bottle import HTTPError, request, response

from ..data.models import Visitor
from ..data.notes import Note
from ..data.trash import restore_note, trash_note
from ..security.sessions import redirect, signed_in
from ..web.forms import Form, sent_form, whole_number
from ..web.pages import flash, page
from ..web.routing import new_routes
from .conflict import differing_lines, merged
from .listing import asked_listing, list_page, own_pad_choice
from .markdown import to_html
from .quota import has_room, limits

routes = new_routes()


@routes.get("/")
@signed_in
def all_notes(visitor: Visitor) -> str:
    """List the user's notes, or those that contain the words searched for."""
    request.app.sweeper.pass_by()
    listing = asked_listing()
    return list_page(visitor, listing, "Search" if listing.search else "All notes")


@routes.get("/notes/create/")
@signed_in
def create_form(visitor: Visitor) -> str:
    """Show an empty note, in the pad the visitor came from."""
    return _form_page(visitor, Form({"pad": request.query.get("pad", "")}))


@routes.post("/notes/create/")
@signed_in
def create(visitor: Visitor) -> Any:
    """Create a note and show the list it is in."""
    form = sent_form()
    if form["preview"]:
        return _form_page(visitor, form)
    name, text, pad_id = _checked(form, visitor)
    if form.ok:
        added = Note.add(visitor.user_id, pad_id, name, text, limits())
        if added:
            _, put_in = added
            flash("note-created" if put_in == pad_id else "note-without-pad")
            return redirect(f"/pads/{put_in}/" if put_in else "/")
        has_room(form, visitor, text, notes=1)
    return _form_page(visitor, form)


@routes.get("/notes/<note_id:id>/")
@signed_in
def view(visitor: Visitor, note_id: int) -> str:
    """Show a note, as Markdown or, with ?plain=1, as it was typed."""
    _, pad_id, name, text, created_at, updated_at, _ = own_note(visitor, note_id)
    html = None if request.query.get("plain") else to_html(text)
    pad = (pad_id, visitor.pad_name(pad_id))
    moments = {"created_at": created_at, "updated_at": updated_at}
    return page("note", name, visitor, active_pad=pad_id, note_id=note_id, pad=pad, text=text, html=html, **moments)


@routes.get("/notes/<note_id:id>/edit/")
@signed_in
def edit_form(visitor: Visitor, note_id: int) -> str:
    """Show a note to be changed."""
    _, pad_id, name, text, _, _, version = own_note(visitor, note_id)
    form = Form({"name": name, "text": text, "pad": str(pad_id or ""), "version": str(version)})
    return _form_page(visitor, form, note_id, name)


@routes.post("/notes/<note_id:id>/edit/")
@signed_in
def edit(visitor: Visitor, note_id: int) -> Any:
    """Save the version of a note that was opened; otherwise show both texts, or keep the text of one that is gone."""
    form = sent_form()
    note = Note.of_user(note_id, visitor.user_id)
    if note is None:
        return _gone(visitor, form)
    if form["preview"] or form["merge"]:
        if form["merge"]:
            both = merged(note[3], form["text"].replace("\r\n", "\n"))
            form = Form({**form.values, "text": both, "version": str(note[6])})
        return _form_page(visitor, form, note_id, note[2])
    name, text, pad_id = _checked(form, visitor)
    if not form.ok or not has_room(form, visitor, text, instead_of=note[3]):
        return _form_page(visitor, form, note_id, note[2])
    put_in = Note.edit(note_id, visitor.user_id, whole_number(form["version"]) or 0, pad_id, name, text)
    if put_in is False:
        return _not_saved(visitor, note_id, form, (pad_id, name, text))
    flash("note-saved" if put_in == pad_id else "note-without-pad")
    return redirect(f"/notes/{note_id}/")


@routes.get("/notes/<note_id:id>/delete/")
@signed_in
def delete_form(visitor: Visitor, note_id: int) -> str:
    """Ask whether a note shall really go."""
    _, pad_id, name, *_ = own_note(visitor, note_id)
    return page("note_delete", name, visitor, note_id=note_id, active_pad=pad_id)


@routes.post("/notes/<note_id:id>/delete/")
@signed_in
def delete(visitor: Visitor, note_id: int) -> Any:
    """Put a note into the trash and show the list it was in."""
    _, pad_id, *_ = own_note(visitor, note_id)
    trash_note(note_id, visitor.user_id)
    flash("note-deleted", note_id)
    return redirect(f"/pads/{pad_id}/" if visitor.pad_name(pad_id) else "/")


@routes.post("/notes/<note_id:id>/restore/")
@signed_in
def restore(visitor: Visitor, note_id: int) -> Any:
    """Take a note out of the trash and show it."""
    if not restore_note(note_id, visitor.user_id):
        own_note(visitor, note_id)
    flash("note-restored")
    return redirect(f"/notes/{note_id}/")


def own_note(visitor: Visitor, note_id: int) -> tuple[Any, ...]:
    """Return (id, pad_id, name, text, created_at, updated_at, version) of the visitor's note, or stop with 404."""
    note = Note.of_user(note_id, visitor.user_id)
    if note is None:
        raise HTTPError(404)
    return note


def _form_page(visitor: Visitor, form: Form, note_id: int | None = None, title: str = "New note", **values: Any) -> str:
    preview = to_html(form["text"]) or "" if form["preview"] else None
    return page("note_form", title, visitor, form, note_id=note_id, preview=preview, **values)


def _not_saved(visitor: Visitor, note_id: int, form: Form, mine: tuple[int | None, str, str]) -> Any:
    """Answer a save that came too late: the note was changed or deleted since its form was opened."""
    note = Note.of_user(note_id, visitor.user_id)
    if note is None:
        return _gone(visitor, form)
    _, pad_id, name, text, _, updated_at, version = note
    if (pad_id, name, text) == mine:
        # The same form, sent twice.
        flash("note-saved")
        return redirect(f"/notes/{note_id}/")
    response.status = 409
    form.values["version"] = str(version)
    theirs = {"saved_name": name, "saved_pad": visitor.pad_name(pad_id), "saved_at": updated_at}
    lines = differing_lines(text, mine[2])
    return page("note_conflict", name, visitor, form, note_id=note_id, lines=lines, **theirs)


def _gone(visitor: Visitor, form: Form) -> str:
    """Keep a text that was to be saved to a note which is not there any more."""
    response.status = 404
    return _form_page(visitor, form, title="This note was deleted", gone=True)


def _checked(form: Form, visitor: Visitor) -> tuple[str, str, int | None]:
    """Return name, text and pad of a sent note; what is wrong stands in the form."""
    return form.name(), form.text(), own_pad_choice(form, visitor)
