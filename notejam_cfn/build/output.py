"""Writes files into the output directory all or none, and removes what an earlier build wrote and nobody needs.

New files are prepared aside; then the old ones are copied aside, and only then replaced one by one, the manifest last.
Whatever stops that (an error, Ctrl-C, even a lost machine, at the next build) puts the old ones back.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core import manifest

ASIDE = ".notejam-build"
JOURNAL = "journal.json"


@dataclasses.dataclass(frozen=True)
class Changes:
    """What separates an output directory from a build's files, as paths relative to it."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


def compare(directory: Path, files: Mapping[str, str]) -> Changes:
    """Return what writing the files would change."""
    old = {path: _text(directory / path) for path in files}
    return Changes(
        created=tuple(path for path in files if old[path] is None),
        changed=tuple(path for path in files if old[path] is not None and old[path] != files[path]),
        removed=tuple(_obsolete(directory, files)),
    )


def difference(directory: Path, files: Mapping[str, str]) -> str:
    """Return a unified diff from the output directory to the files; empty when it is up to date."""
    changes = compare(directory, files)
    lines: list[str] = []
    for path in sorted((*changes.created, *changes.changed, *changes.removed)):
        lines += difflib.unified_diff(
            (_text(directory / path) or "").splitlines(keepends=True),
            files.get(path, "").splitlines(keepends=True),
            f"{directory.name}/{path}" if path not in changes.created else "/dev/null",
            f"build/{path}" if path in files else "/dev/null",
        )
    return "".join(lines)


def write(directory: Path, files: Mapping[str, str]) -> Changes:
    """Bring the output directory up to date and return what was changed. Files that are right are not touched.

    Raises `OSError` with the directory as it was before.
    """
    recover(directory)
    changes = compare(directory, files)
    if changes:
        with _aside(directory) as aside:
            _prepare(aside, directory, files, changes)
            _commit(aside, directory, changes)
    return changes


def recover(directory: Path) -> None:
    """Put back what a build that was killed while writing had begun to replace."""
    aside = directory / ASIDE
    if aside.exists():
        _put_back(aside, directory)
        shutil.rmtree(aside)


@contextmanager
def _aside(directory: Path) -> Iterator[Path]:
    aside = directory / ASIDE
    aside.mkdir(parents=True)
    try:
        yield aside
    except BaseException:
        _put_back(aside, directory)
        raise
    finally:
        shutil.rmtree(aside)


def _prepare(aside: Path, directory: Path, files: Mapping[str, str], changes: Changes) -> None:
    """Put the new files and copies of the old ones aside, then the journal: without one, nothing has been replaced."""
    for path in (*changes.created, *changes.changed):
        _parent(aside / "new" / path).write_bytes(files[path].encode())
    for path in (*changes.changed, *changes.removed):
        shutil.copy2(directory / path, _parent(aside / "old" / path))
    (aside / JOURNAL).write_text(json.dumps(changes.created), encoding="utf-8")


def _commit(aside: Path, directory: Path, changes: Changes) -> None:
    replaced = sorted((*changes.created, *changes.changed), key=lambda path: path == manifest.FILE_NAME)
    for path in replaced:
        (aside / "new" / path).replace(_parent(directory / path))
    for path in changes.removed:
        (directory / path).unlink()
        _remove_empty(directory / path, directory)
    (aside / JOURNAL).unlink()


def _put_back(aside: Path, directory: Path) -> None:
    if not (aside / JOURNAL).exists():
        return
    for path in json.loads((aside / JOURNAL).read_text(encoding="utf-8")):
        (directory / path).unlink(missing_ok=True)
        _remove_empty(directory / path, directory)
    for old in sorted((aside / "old").rglob("*")):
        if old.is_file():
            old.replace(_parent(directory / old.relative_to(aside / "old")))


def _obsolete(directory: Path, files: Mapping[str, str]) -> Iterator[str]:
    """Yield what an earlier build wrote and this one does not need; a file changed since is somebody's work."""
    needed = {
        path for each in _stacks(json.loads(files.get(manifest.FILE_NAME, "{}"))) for path in manifest.written(each)
    }
    for each in _stacks(manifest.read(directory)):
        for path, digest in manifest.written(each).items():
            text = _text(directory / path) if ".." not in Path(path).parts else None
            if path not in needed and text is not None and manifest.digest(text) == digest:
                yield path


def _stacks(document: dict[str, Any] | None) -> list[dict[str, Any]]:
    stacks: list[dict[str, Any]] = (document or {}).get("stacks", [])
    return stacks


def _text(file: Path) -> str | None:
    try:
        return file.read_bytes().decode()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _parent(file: Path) -> Path:
    """Make the directory of a file, and return the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _remove_empty(file: Path, directory: Path) -> None:
    """Remove the directories above a file as long as they are empty."""
    for parent in file.parents:
        if parent == directory or any(parent.iterdir()):
            return
        parent.rmdir()
