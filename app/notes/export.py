"""Everything a user wrote, in a zip: notes.json for programs, a Markdown file per note for people."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from typing import IO, Any

from ..data.models import Visitor

# Fast rather than small: an export costs a thread for as long as it is being packed.
COMPRESSION = 2


def archive(visitor: Visitor, notes: Iterable[tuple[Any, ...]]) -> IO[bytes]:
    """Return the zip as a file without a name; `notes` are (id, pad_id, name, text, created_at, updated_at).

    Only one note is in memory at a time, however many there are.
    """
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (the server reads it after this function)
    # The zip takes one member at a time, so what programs read waits beside it.
    document = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
    with document, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION) as target:
        pads = [{"id": pad_id, "name": name} for pad_id, name in visitor.pads]
        head = json.dumps({"email": visitor.email, "pads": pads}, ensure_ascii=False, indent=2)
        document.write(f'{head[:-2]},\n  "notes": [')
        for number, note in enumerate(notes):
            document.write(",\n" if number else "\n")
            document.write(json.dumps(_note(visitor, note), ensure_ascii=False, indent=2))
            target.writestr(_path(visitor, note), f"# {note[2]}\n\n{note[3]}\n")
        document.write("\n]}\n")
        document.seek(0)
        with target.open("notes.json", "w", force_zip64=True) as member:
            shutil.copyfileobj(document.buffer, member)
    file.seek(0)
    return file


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
