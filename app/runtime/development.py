"""The defaults of a development machine, where `python -m app` must work with nothing set."""

from __future__ import annotations

import os
import secrets
from collections.abc import MutableMapping
from pathlib import Path

from ..errors import SettingsError


def set_defaults(environ: MutableMapping[str, str]) -> None:
    """Fill in what is not set; the server's worker processes inherit it."""
    environ.setdefault("LOG_FORMAT", "text")
    environ.setdefault("DRAIN_SECONDS", "0")
    database = Path(environ.get("DATABASE_PATH") or "notejam.db")
    if not environ.get("SESSION_SECRET"):
        environ["SESSION_SECRET"] = _kept_secret(database.with_name(f"{database.name}.secret"))


def _kept_secret(path: Path) -> str:
    """Return the secret in a file, made at the first start, so that a restart signs nobody out."""
    try:
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))
        return path.read_text().strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a text"
        raise SettingsError(f"SESSION_SECRET is not set and cannot be kept in {path}: {reason}") from None
