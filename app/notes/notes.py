"""Notes: the list with its order, pages and search, and one note's life."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

from bottle import HTTPError, request
from peewee import IntegrityError

from ..data.models import DEFAULT_ORDER, ORDERS, Note, Visitor
from ..security.sessions import redirect, signed_in
from ..web.forms import Form, sent_form
from ..web.pages import flash, page
from ..web.routing import new_routes
from .markdown import to_html

routes = new_routes()
PER_PAGE, MOST_PER_PAGE = 50, 200
LAST_PAGE = 100_000


class Listing(NamedTuple):
    """How a list is asked for: order, page, notes per page and search words, each already valid."""

    order: str
    page: int
    per_page: int
    search: str

    def url(self, **changes: Any) -> str:
        """Return the query string of this list with something changed; defaults are left out."""
        asked = self._replace(**changes)
        parts = {"order": asked.order, "page": asked.page, "per_page": asked.per_page, "search": asked.search}
        return "?" + urlencode({name: value for name, value in parts.items() if value != _DEFAULTS[name]})

    def sorted_by(self, field: str) -> str:
        """Return the attribute that tells a screen reader how this column is sorted."""
        directions = {field: "ascending", f"-{field}": "descending"}
        return f' aria-sort="{directions[self.order]}"' if self.order in directions else ""

    def mark(self, order: str) -> str:
        """Return the attribute that shows which order was chosen."""
        return ' class="chosen"' if order == self.order else ""


_DEFAULTS = {"order": DEFAULT_ORDER, "page": 1, "per_page": PER_PAGE, "search": ""}


@routes.get("/")
@signed_in
def all_notes(visitor: Visitor) -> str:
    """List the user's notes, or those that contain the words searched for."""
    listing = asked_listing()
    title = "Search" if listing.search else "All notes"
    return list_page(visitor, listing, title)


@routes.get("/notes/create/")
@signed_in
def create_form(visitor: Visitor) -> str:
    """Show an empty note, in the pad the visitor came from."""
    return page("note_form", "New note", visitor, Form({"pad": request.query.get("pad", "")}), button="Create")


@routes.post("/notes/create/")
@signed_in
def create(visitor: Visitor) -> Any:
    """Create a note and show the list it is in."""
    form = sent_form()
    name, text, pad_id = _checked(form, visitor)
    if form.ok and _stored(form, lambda: Note.add(visitor.user_id, pad_id, name, text)):
        flash("note-created")
        return redirect(f"/pads/{pad_id}/" if pad_id else "/")
    return page("note_form", "New note", visitor, form, button="Create")


@routes.get("/notes/<note_id:id>/")
@signed_in
def view(visitor: Visitor, note_id: int) -> str:
    """Show a note, as Markdown or, with ?plain=1, as it was typed."""
    _, pad_id, name, text, _, updated_at = own_note(visitor, note_id)
    html = None if request.query.get("plain") else to_html(text)
    pad = (pad_id, visitor.pad_name(pad_id))
    values: dict[str, Any] = {"note_id": note_id, "pad": pad, "text": text, "html": html, "updated_at": updated_at}
    return page("note", name, visitor, active_pad=pad_id, **values)


@routes.get("/notes/<note_id:id>/edit/")
@signed_in
def edit_form(visitor: Visitor, note_id: int) -> str:
    """Show a note to be changed."""
    _, pad_id, name, text, *_ = own_note(visitor, note_id)
    form = Form({"name": name, "text": text, "pad": str(pad_id or "")})
    return page("note_form", name, visitor, form, button="Save", note_id=note_id)


@routes.post("/notes/<note_id:id>/edit/")
@signed_in
def edit(visitor: Visitor, note_id: int) -> Any:
    """Save a note."""
    _, _, old_name, *_ = own_note(visitor, note_id)
    form = sent_form()
    name, text, pad_id = _checked(form, visitor)
    if form.ok and _stored(form, lambda: Note.edit(note_id, pad_id, name, text)):
        flash("note-saved")
        return redirect(f"/notes/{note_id}/")
    return page("note_form", old_name, visitor, form, button="Save", note_id=note_id)


@routes.get("/notes/<note_id:id>/delete/")
@signed_in
def delete_form(visitor: Visitor, note_id: int) -> str:
    """Ask whether a note shall really go."""
    _, pad_id, name, *_ = own_note(visitor, note_id)
    return page("note_delete", name, visitor, note_id=note_id, active_pad=pad_id)


@routes.post("/notes/<note_id:id>/delete/")
@signed_in
def delete(visitor: Visitor, note_id: int) -> Any:
    """Delete a note and show the list it was in."""
    _, pad_id, *_ = own_note(visitor, note_id)
    Note.remove(note_id)
    flash("note-deleted")
    return redirect(f"/pads/{pad_id}/" if pad_id else "/")


def own_note(visitor: Visitor, note_id: int) -> tuple[Any, ...]:
    """Return (id, pad_id, name, text, created_at, updated_at) of the visitor's note, or stop with 404."""
    note = Note.of_user(note_id, visitor.user_id)
    if note is None:
        raise HTTPError(404)
    return note


def asked_listing() -> Listing:
    """Read the list's query string; what is missing or wrong gets its default."""
    query = request.query
    order = query.get("order", DEFAULT_ORDER)
    search = " ".join(query.getunicode("search", "").replace("\0", " ").split())[:200] if "search" in query else ""
    return Listing(
        order if order in ORDERS else DEFAULT_ORDER,
        _number(query.get("page"), 1, LAST_PAGE),
        _number(query.get("per_page"), PER_PAGE, MOST_PER_PAGE),
        search,
    )


def list_page(visitor: Visitor, listing: Listing, title: str, pad_id: int | None = None) -> str:
    """Show a list of notes: all, those of a pad, or those found."""
    offset = (listing.page - 1) * listing.per_page
    notes, total = Note.page(visitor.user_id, listing.order, listing.per_page, offset, pad_id, listing.search)
    pages = max(1, -(-total // listing.per_page))
    values: dict[str, Any] = {
        "notes": notes,
        "total": total,
        "pages": pages,
        "listing": listing,
        "pad_names": dict(visitor.pads),
    }
    return page("notes", f"{title} ({total})", visitor, active_pad=pad_id, pad_id=pad_id, **values)


def _checked(form: Form, visitor: Visitor) -> tuple[str, str, int | None]:
    """Return name, text and pad of a sent note; what is wrong stands in the form."""
    return form.name(), form.text(), _own_pad(form, visitor)


def _own_pad(form: Form, visitor: Visitor) -> int | None:
    chosen = form["pad"]
    if chosen in ("", "0"):
        return None
    for pad_id, _ in visitor.pads:
        if str(pad_id) == chosen:
            return pad_id
    form.fail("pad", "Please choose one of your pads.")
    return None


def _stored(form: Form, write: Any) -> bool:
    """Write a note; its pad may have been deleted in another window since the visitor's pads were read."""
    try:
        write()
    except IntegrityError:
        form.fail("pad", "This pad does not exist any more. Please choose another one.")
        return False
    return True


def _number(text: str | None, default: int, most: int) -> int:
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        return default
    return min(max(int(text), 1), most)
