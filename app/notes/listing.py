"""Lists of notes: all, those of a pad, or those found, with their order and pages; and what is done to several."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlencode

from bottle import request

from ..data.folding import search_words
from ..data.models import Visitor
from ..data.notes import DEFAULT_ORDER, ORDERS, Note
from ..data.search import found_notes
from ..data.trash import trash_note
from ..security.sessions import own_path, redirect, signed_in
from ..web.dates import Calendar
from ..web.forms import Form, sent_form, whole_number
from ..web.pages import SPECIAL, calendar, escape, flash, page
from ..web.routing import new_routes
from .snippets import marked, snippet

routes = new_routes()
PER_PAGE, MOST_PER_PAGE = 50, 200
LAST_PAGE = 100_000
SEARCH_LENGTH = 200


class Listing(NamedTuple):
    """How a list is asked for, already valid; no order means the newest first or, of a search, the best first."""

    order: str
    page: int
    per_page: int
    search: str
    select: str

    def url(self, **changes: Any) -> str:
        """Return the query string of this list with something changed; defaults are left out."""
        asked = self._replace(**changes)._asdict()
        return "?" + urlencode({name: value for name, value in asked.items() if value != _DEFAULTS[name]})

    @property
    def shown_order(self) -> str:
        """The order of the list, by name; none for the best first."""
        return self.order or ("" if self.search else DEFAULT_ORDER)

    def sorted_by(self, field: str) -> str:
        """Return the attribute that tells a screen reader how this column is sorted."""
        directions = {field: "ascending", f"-{field}": "descending"}
        return f' aria-sort="{directions[self.shown_order]}"' if self.shown_order in directions else ""

    def mark(self, order: str) -> str:
        """Return the attribute that shows which order was chosen."""
        return ' class="chosen"' if order == self.shown_order else ""


_DEFAULTS = {"order": "", "page": 1, "per_page": PER_PAGE, "search": "", "select": ""}


def asked_listing() -> Listing:
    """Read the list's query string; what is missing or wrong gets its default."""
    query = request.query
    order = query.get("order", "")
    search = query.getunicode("search", "").replace("\0", " ").strip()[:SEARCH_LENGTH] if "search" in query else ""
    return Listing(
        order if order in ORDERS else "",
        min(whole_number(query.get("page", "")) or 1, LAST_PAGE),
        min(whole_number(query.get("per_page", "")) or PER_PAGE, MOST_PER_PAGE),
        search,
        "1" if "select" in query else "",
    )


def list_page(visitor: Visitor, listing: Listing, title: str, pad_id: int | None = None) -> str:
    """Show a list of notes: all, those of a pad, or those found."""
    words, offset = search_words(listing.search), (listing.page - 1) * listing.per_page
    if listing.search:
        notes, total = found_notes(visitor.user_id, words, listing.order, listing.per_page, offset, pad_id)
    else:
        notes, total = Note.page(visitor.user_id, listing.shown_order, listing.per_page, offset, pad_id)
    values: dict[str, Any] = {
        "rows": _rows(visitor, notes, calendar(visitor), pad_id is None, bool(listing.select), words),
        "total": total,
        "pages": max(1, -(-total // listing.per_page)),
        "listing": listing,
        "path": f"/pads/{pad_id}/" if pad_id else "/",
    }
    return page("notes", f"{title} ({total})", visitor, active_pad=pad_id, pad_id=pad_id, **values)


@routes.post("/notes/move/")
@signed_in
def change_several(visitor: Visitor) -> Any:
    """Move the chosen notes to a pad, or put them into the trash."""
    form = sent_form()
    named = [whole_number(name.removeprefix("note-")) for name in form.values if name.startswith("note-")]
    chosen = [note_id for note_id in named if note_id][:MOST_PER_PAGE]
    back = own_path(form["back"] or "/")
    if not chosen:
        flash("none-chosen")
    elif form["do"] == "trash":
        flash("notes-deleted", sum(trash_note(note_id, visitor.user_id) for note_id in chosen))
    else:
        pad_id = own_pad_choice(form, visitor)
        flash("notes-moved", Note.move(chosen, visitor.user_id, pad_id)) if form.ok else flash("pad-unknown")
    return redirect(back)


def own_pad_choice(form: Form, visitor: Visitor) -> int | None:
    """Return the pad a form names, or none; what is wrong stands in the form."""
    chosen = form["pad"]
    if chosen in ("", "0"):
        return None
    for pad_id, _ in visitor.pads:
        if str(pad_id) == chosen:
            return pad_id
    form.fail("pad", "Please choose one of your pads.")
    return None


def _rows(visitor: Visitor, notes: list[Any], dates: Calendar, with_pads: bool, select: bool, words: list[str]) -> str:
    """Return the rows of the table. Not a template: these are most of a page's cost."""
    cells = {
        pad_id: f'<td class="pad"><a href="/pads/{pad_id}/">{escape(name)}</a></td>' for pad_id, name in visitor.pads
    }
    no_pad = '<td class="pad none">No pad</td>'
    parts, cell = [], dates.cell
    for note_id, name, updated_at, pad_id, text in notes:
        if words:
            shown, line = _found(visitor, note_id, name, text, words)
        elif SPECIAL(name) or SPECIAL(text):
            shown, line = escape(name), escape(text)
        else:
            shown, line = name, text
        box = f'<input type="checkbox" name="note-{note_id}" aria-label="{escape(name)}"> ' if select else ""
        when, exact = cell(updated_at)
        parts.append(
            f'<tr><td>{box}<a href="/notes/{note_id}/">{shown}</a><span class="line">{line}</span></td>'
            f'{cells.get(pad_id, no_pad) if with_pads else ""}<td class="when" title="{exact}">{when}</td></tr>\n'
        )
    return "".join(parts)


def _found(visitor: Visitor, note_id: int, name: str, text: str, words: list[str]) -> tuple[str, str]:
    """Return name and snippet of a note that was found, with what matched marked."""
    shown = marked(name, words)
    line = snippet(text, words, always="<mark>" in shown)
    if line is None:
        # Where folding changes the length of a long text, the match is not in the part that was cut out.
        note = Note.of_user(note_id, visitor.user_id)
        line = snippet(note[3], words, always=True) if note else ""
    return shown, line or ""
