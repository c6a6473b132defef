"""Bringing notes in: Notejam's own export, or a folder of Markdown files, in a zip.

An import adds and never changes: a note that is there already, with the same name and text, is not added again. So the
same file may be sent twice, and an export that is imported where it came from changes nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from bottle import response

from ..data.models import Visitor, database
from ..data.notes import Note, Pad
from ..security.sessions import signed_in
from ..web.forms import Form, sent_form
from ..web.pages import page
from ..web.routing import new_routes
from .import_archive import Archive, ArchiveError, Incoming, read_archive
from .quota import refusal

routes = new_routes()
UPLOAD_BYTES = 24_000_000
MOST_TOLD = 20


class Imported(NamedTuple):
    """What an import did: notes added and there already, pads added, and what was left out."""

    notes: int
    known: int
    pads: int
    left_out: list[str]


@routes.get("/settings/import/")
@signed_in
def import_form(visitor: Visitor) -> str:
    """Ask for the file."""
    return page("import", "Import notes", visitor, Form(), done=None)


@routes.post("/settings/import/", slow=True, body_bytes=UPLOAD_BYTES)
@signed_in
def import_notes(visitor: Visitor) -> str:
    """Add what is in the file, all of it or nothing."""
    form = sent_form()
    done = _imported(form, visitor)
    if done is None:
        response.status = 400
    return page("import", "Import notes", visitor, form, done=done, most=MOST_TOLD)


def _imported(form: Form, visitor: Visitor) -> Imported | None:
    upload = form.files.get("file")
    if upload is None or not upload.filename:
        form.fail("file", "Please choose a file.")
        return None
    try:
        archive = read_archive(upload.file)
    except ArchiveError as error:
        form.fail("file", str(error))
        return None
    missing = missing_notes(visitor.user_id, archive.notes)
    refused = refusal(Note.usage(visitor.user_id), len(missing), sum(len(note.text.encode()) for note in missing))
    if refused:
        form.fail("file", refused)
        return None
    with database.atomic():
        added = _add(visitor, archive, missing)
    return Imported(len(missing), len(archive.notes) - len(missing), added, archive.left_out)


def missing_notes(user_id: int, notes: list[Incoming]) -> list[Incoming]:
    """Return the notes that are not there yet: of several alike, as many as are missing."""
    there: dict[str, list[int]] = {}
    for note_id, name in Note.names_of(user_id):
        there.setdefault(name, []).append(note_id)
    known: dict[str, Counter[str]] = {}
    missing = []
    for note in notes:
        if note.name in there and note.name not in known:
            known[note.name] = Counter(Note.texts_of(user_id, there[note.name]))
        texts = known.get(note.name)
        if texts and texts[note.text] > 0:
            texts[note.text] -= 1
        else:
            missing.append(note)
    return missing


def _add(visitor: Visitor, archive: Archive, notes: list[Incoming]) -> int:
    """Write the notes and the pads they need, and return how many pads are new."""
    there: dict[str, list[int]] = {}
    for pad_id, name in visitor.pads:
        there.setdefault(name, []).append(pad_id)
    pads, added = [], 0
    for name in archive.pads:
        known = there.get(name)
        pads.append(known.pop(0) if known else Pad.add(visitor.user_id, name))
        added += not known and pads[-1] not in dict(visitor.pads)
    Note.add_all(visitor.user_id, ((pads[note.pad] if note.pad is not None else None, *note[1:]) for note in notes))
    return added
