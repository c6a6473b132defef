"""Everything a user wrote, in a zip: notes.json for programs, a Markdown file per note for people."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

from ..data.models import Visitor


def archive(visitor: Visitor, notes: list[tuple[Any, ...]]) -> bytes:
    """Return the zip's bytes; `notes` are (id, pad_id, name, text, created_at, updated_at)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("notes.json", _as_json(visitor, notes))
        for note in notes:
            target.writestr(_path(visitor, note), f"# {note[2]}\n\n{note[3]}\n")
    return buffer.getvalue()


def _as_json(visitor: Visitor, notes: list[tuple[Any, ...]]) -> str:
    pads = [{"id": pad_id, "name": name} for pad_id, name in visitor.pads]
    document = {"email": visitor.email, "pads": pads, "notes": [_note(visitor, note) for note in notes]}
    return json.dumps(document, ensure_ascii=False, indent=2)


def _note(visitor: Visitor, note: tuple[Any, ...]) -> dict[str, Any]:
    note_id, pad_id, name, text, created_at, updated_at = note
    return {
        "id": note_id,
        "pad": visitor.pad_name(pad_id) or None,
        "pad_id": pad_id,
        "name": name,
        "text": text,
        "created_at": f"{created_at.isoformat(timespec='seconds')}Z",
        "updated_at": f"{updated_at.isoformat(timespec='seconds')}Z",
    }


def _path(visitor: Visitor, note: tuple[Any, ...]) -> str:
    """Return a path every file system accepts; ids keep two pads or notes of the same name apart."""
    folder = f"{_plain(visitor.pad_name(note[1]))} ({note[1]})" if note[1] else "No pad"
    return f"{folder}/{_plain(note[2])} ({note[0]}).md"


def _plain(name: str) -> str:
    return re.sub(r"[^\w \-]", "_", name).strip()[:60] or "_"
