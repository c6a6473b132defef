"""Verdicts that outlive a build, found again by everything they depend on: the text, the linters and the rules.

A cache that is broken, foreign or cannot be written costs time and nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from .findings import Subject, Verdict

FORMAT = 1
LINTERS = ("cfn-lint", "cloudformation-validate")
PACKAGE = Path(__file__).resolve().parent
VARIABLE = "NOTEJAM_CACHE_DIR"
KEPT_DAYS = 30


def directory() -> Path:
    """Return where verdicts are kept: NOTEJAM_CACHE_DIR, or where the platform keeps what can be made again."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "notejam" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "notejam"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "notejam"


def recall(subject: Subject) -> Verdict | None:
    """Return the verdict on a template with this name, text and limit, or None when it is not known."""
    try:
        file = _file(subject)
        data = json.loads(file.read_text(encoding="utf-8"))
        file.touch()
        return Verdict.from_json(data | {"remembered": True})
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        return None


def remember(subject: Subject, verdict: Verdict) -> None:
    """Keep a verdict. Written aside and renamed, so that builds at the same time never read half of one."""
    try:
        file = _file(subject)
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as aside:
            json.dump(dataclasses.asdict(verdict), aside)
        Path(aside.name).replace(file)
    except (OSError, RuntimeError):
        return  # RuntimeError: no home directory


def forget() -> None:
    """Remove the verdicts that nobody has asked for in `KEPT_DAYS` days: every edit of a template leaves one."""
    oldest = time.time() - KEPT_DAYS * 86_400
    try:
        for file in (directory() / "lint").iterdir():
            if file.stat().st_mtime < oldest:
                file.unlink()
    except (OSError, RuntimeError):
        return


def _file(subject: Subject) -> Path:
    key = f"{_judges()}\0{subject.name}\0{subject.max_bytes}\0{subject.text}"
    return directory() / "lint" / f"{hashlib.sha256(key.encode()).hexdigest()}.json"


@functools.cache
def _judges() -> str:
    """Return a digest of whatever could change a verdict on the same text."""
    digest = hashlib.sha256(f"{FORMAT} {sys.version_info[:2]}".encode())
    for linter in LINTERS:
        digest.update(f"{linter} {metadata.version(linter)}".encode())
    for file in sorted([*(PACKAGE.parent / "rules").rglob("*.py"), *PACKAGE.glob("*.py")]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
