"""What is in a zip of notes: Notejam's own export, or a folder of Markdown files."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from pathlib import PurePosixPath
from typing import IO, Any, NamedTuple

from ..data.folding import is_visible
from ..errors import NotejamError
from ..web.forms import NAME_LENGTH, TEXT_LENGTH

# Unpacked, all files together: what a task can hold beside everything else it does.
MOST_UNPACKED = 64_000_000
SUFFIXES = (".md", ".markdown", ".txt")
OWN = "notes.json"


class ArchiveError(NotejamError):
    """A file is no archive of notes; the message is for who sent it."""


class Incoming(NamedTuple):
    """A note to be imported; `pad` names one of the archive's pads by its number, in their order."""

    pad: int | None
    name: str
    text: str
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None


class Archive(NamedTuple):
    """The names of the pads, the notes, and the names of files that are left out, each with the reason."""

    pads: list[str]
    notes: list[Incoming]
    left_out: list[str]


def read_archive(file: IO[bytes]) -> Archive:
    """Read a zip. Raises `ArchiveError`."""
    try:
        with zipfile.ZipFile(file) as archive:
            files = [item for item in archive.infolist() if not (item.is_dir() or _is_hidden(item.filename))]
            if sum(item.file_size for item in files) > MOST_UNPACKED:
                raise ArchiveError(
                    f"This is more than {MOST_UNPACKED // 1_000_000} MB of text. Please send it in parts."
                )
            own = next((item for item in files if item.filename == OWN), None)
            return _own(archive.read(own)) if own else _folder(archive, files)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ArchiveError("This is not a zip file that can be read.") from error


def _own(content: bytes) -> Archive:
    """Read Notejam's own export."""
    try:
        document = json.loads(content)
        pads = [(pad["id"], one_line(str(pad["name"]))) for pad in document["pads"]]
        places = {key: place for place, (key, _) in enumerate(pads)}
        names = {name: place for place, (_, name) in reversed(list(enumerate(pads)))}
        read = [_own_note(note, places, names) for note in document["notes"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"The file {OWN} in it is not one that Notejam wrote.") from error
    return _checked([name for _, name in pads], read)


def _own_note(note: dict[str, Any], places: dict[Any, int], names: dict[str, int]) -> Incoming:
    pad = places.get(note.get("pad_id"), names.get(str(note["pad"])) if note["pad"] is not None else None)
    moments = (_moment(note["created_at"]), _moment(note["updated_at"]))
    return Incoming(pad, str(note["name"]), str(note["text"]), *moments)


def _moment(text: str) -> dt.datetime:
    """Return a moment in UTC without a zone, and not one to come."""
    present = dt.datetime.now(dt.UTC)
    return min(dt.datetime.fromisoformat(text).astimezone(dt.UTC), present).replace(tzinfo=None)


def _folder(archive: zipfile.ZipFile, files: list[zipfile.ZipInfo]) -> Archive:
    """Read Markdown files; the folder of each becomes its pad."""
    pads: dict[str, int] = {}
    notes, left_out = [], []
    for item in sorted(files, key=lambda item: item.filename):
        path = PurePosixPath(item.filename)
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            content = archive.read(item).decode("utf-8-sig")
        except UnicodeDecodeError:
            left_out.append(f"{item.filename}: not UTF-8")
            continue
        folder = one_line(" / ".join(part for part in path.parent.parts if part not in ("/", "..")))
        pad = pads.setdefault(folder, len(pads)) if folder else None
        notes.append(Incoming(pad, *_name_and_text(path.stem, content.replace("\r\n", "\n"))))
    if not notes and not left_out:
        raise ArchiveError("There are no notes in it: neither an export of Notejam nor Markdown files.")
    found = _checked(list(pads), notes)
    return found._replace(left_out=[*left_out, *found.left_out])


def _name_and_text(stem: str, content: str) -> tuple[str, str]:
    """Return a file's heading as the name where it begins with one, else the file's name."""
    first, _, rest = content.partition("\n")
    if first.startswith("# ") and is_visible(first[2:]) and rest.strip():
        return first[2:], rest.strip("\n")
    return stem, content.rstrip("\n")


def _checked(pads: list[str], notes: list[Incoming]) -> Archive:
    kept: list[Incoming] = []
    left_out: list[str] = []
    for note in notes:
        name, text = one_line(note.name) or "Untitled", note.text.replace("\0", "")
        if len(text) > TEXT_LENGTH:
            left_out.append(f"{name}: longer than {TEXT_LENGTH:,} characters")
            continue
        kept.append(note._replace(name=name, text=text if text.strip() else name))
    return Archive([name or "Untitled" for name in pads], kept, left_out)


def one_line(text: str) -> str:
    """Return a name as a note or pad may have it, or nothing when none of it can be seen."""
    name = " ".join(text.replace("\0", " ").split())[:NAME_LENGTH].strip()
    return name if is_visible(name) else ""


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts if part != "..")
