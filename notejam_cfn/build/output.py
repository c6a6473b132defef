"""Writes files into the output directory, and removes what an earlier build wrote and nobody needs.

All files are written aside before the first is replaced, and the manifest is replaced last. It holds a digest of each
template, so that a build killed in between leaves nothing that `deploy` would take for built; the next build mends it.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..core.uninterrupted import uninterrupted
from . import manifest


@dataclasses.dataclass(frozen=True)
class Changes:
    """What separates an output directory from a build's files, as paths relative to it."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def written(self) -> tuple[str, ...]:
        """What is to be written, new or anew."""
        return (*self.created, *self.changed)

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
    for path in sorted((*changes.written, *changes.removed)):
        lines += difflib.unified_diff(
            (_text(directory / path) or "").splitlines(keepends=True),
            files.get(path, "").splitlines(keepends=True),
            f"{directory.name}/{path}" if path not in changes.created else "/dev/null",
            f"build/{path}" if path in files else "/dev/null",
        )
    return "".join(lines)


def write(directory: Path, files: Mapping[str, str]) -> Changes:
    """Bring the output directory up to date and return what was changed. Files that are right are not touched.

    Raises `OSError` when a file cannot be written, before any is replaced.
    """
    changes = compare(directory, files)
    aside = {path: (directory / path).with_name(f".{Path(path).name}.new") for path in changes.written}
    for new in aside.values():
        new.parent.mkdir(parents=True, exist_ok=True)
    try:
        for path, new in aside.items():
            new.write_bytes(files[path].encode())
        with uninterrupted():
            for path in sorted(aside, key=lambda path: path == manifest.FILE_NAME):
                aside[path].replace(directory / path)
            for path in changes.removed:
                (directory / path).unlink()
                _remove_empty(directory / path, directory)
    finally:
        for new in aside.values():
            new.unlink(missing_ok=True)
    return changes


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


def _remove_empty(file: Path, directory: Path) -> None:
    """Remove the directories above a file as long as they are empty."""
    for parent in file.parents:
        if parent == directory or any(parent.iterdir()):
            return
        parent.rmdir()
