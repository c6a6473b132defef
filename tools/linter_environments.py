"""Installs the linters that cannot live in this project's environment, each pinned by hash, once for all checkouts.

checkov and parliament want other versions of what this project uses, so each has an environment of its own, made of
what `tools/locks/` lists; cfn-guard comes in an npm package. They live where lint keeps its verdicts, outside of any
checkout. A home is made aside and renamed when it is complete: what is there is whole, also after an interruption.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from notejam_cfn.build.lint import cache

LOCKS = Path(__file__).resolve().parent / "locks"
TRIES = 2
PIP_SECONDS, NPM_SECONDS, JUDGE_SECONDS = 400, 120, 900
KEPT_DAYS = 30


class LinterMissing(RuntimeError):
    """A linter is not installed and could not be: the message says which, why, and what to do."""


class LinterBroken(RuntimeError):
    """A program failed or took too long: the message says which, and what it printed last."""


@dataclasses.dataclass(frozen=True)
class NpmPackage:
    """A package of the npm registry, and the digest of its archive as the registry gives it."""

    name: str
    version: str
    integrity: str


GUARD = NpmPackage(
    name="@cdklabs/cdk-validator-cfnguard",
    version="0.0.62",
    integrity="sha512-Sg2k8067B0AIJ82QFSLhHTUIqxOYTKABvVrTHiyc6j0rE2NHli2diIYqf+w+DkuDKCYYgMIOga3OrYMOHUw0mQ==",
)


def python_of(linter: str, offline: bool = False) -> Path:
    """Return the interpreter of the environment that a linter written in Python lives in."""
    lock = LOCKS / f"{linter}.txt"
    key = f"{lock.read_text(encoding='utf-8')}{sys.version}{sys.base_prefix}"
    return home(linter, key, Path("bin", "python"), functools.partial(install_python, lock), offline)


def guard_package(offline: bool = False) -> Path:
    """Return the directory of the npm package with cfn-guard and its rules."""
    part = Path("package", "guard-version.json")
    return home("cfn-guard", GUARD.integrity, part, functools.partial(install_npm, GUARD), offline).parent


def home(linter: str, key: str, part: Path, install: Callable[[Path], None], offline: bool) -> Path:
    """Return the path of a part of a linter's home, which is installed when the part is not there.

    `key` is everything that makes one home different from another. Raises `LinterMissing`.
    """
    homes = cache.directory() / "linters"
    place = homes / f"{linter}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if not (place / part).exists():
        if offline:
            raise LinterMissing(f"{linter} is not installed: run `python tools/linters.py` once with a network.")
        try:
            make(place, install)
        except (OSError, LinterBroken) as problem:
            raise LinterMissing(f"{linter} could not be installed into {homes}: {problem}") from problem
    place.touch()
    forget(homes, linter)
    return place / part


def make(place: Path, install: Callable[[Path], None]) -> None:
    """Install into a directory aside and put it in its place. Tries again: registries have bad moments."""
    shutil.rmtree(place, ignore_errors=True)  # what is there lacks a part
    place.parent.mkdir(parents=True, exist_ok=True)
    for left in reversed(range(TRIES)):
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".making-", ignore_cleanup_errors=True) as aside:
            try:
                install(Path(aside))
            except LinterBroken:
                if left:
                    continue
                raise
            if not place.exists():  # another checkout may have been faster
                Path(aside).rename(place)
            return


def forget(homes: Path, linter: str) -> None:
    """Remove the homes of a linter that nobody has used in `KEPT_DAYS` days: every other pin leaves one."""
    oldest = time.time() - KEPT_DAYS * 86_400
    for place in homes.glob(f"{linter}-*"):
        if place.stat().st_mtime < oldest:
            shutil.rmtree(place, ignore_errors=True)


def install_python(lock: Path, place: Path) -> None:
    """Make an environment of what a lock lists, and of nothing whose hash it does not list.

    This environment's pip does it: one of its own would take longer to install than many a linter.
    """
    venv.create(place, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place), "--disable-pip-version-check", "--retries", "2"]
    run([*pip, "install", "--quiet", "--require-hashes", "--requirement", str(lock)], seconds=PIP_SECONDS)


def install_npm(package: NpmPackage, place: Path) -> None:
    """Fetch one archive of the npm registry and unpack it, without what the package depends on.

    `npm install` would read about its peers, the CDK among them, and with `--prefix` it forgets the machine's own
    configuration (certificates, registry): then each request fails slowly.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise LinterBroken("its rules are in an npm package, and there is no npm: install Node.js.")
    run([npm, "pack", "--silent", f"{package.name}@{package.version}"], seconds=NPM_SECONDS, directory=place)
    (archive,) = place.glob("*.tgz")
    if (found := integrity(archive)) != package.integrity:
        raise LinterBroken(f"the archive of {package.name} has digest {found}, not {package.integrity}.")
    with tarfile.open(archive) as content:
        content.extractall(place, filter="data")
    archive.unlink()


def integrity(file: Path) -> str:
    """Return the digest of a file in the form that npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()


def run(
    command: Sequence[str],
    statuses: Iterable[int] = (0,),
    seconds: int = JUDGE_SECONDS,
    directory: Path | None = None,
    given: str = "",
) -> str:
    """Run a program and return what it printed. Raises `LinterBroken` when it ends otherwise, or not in time."""
    settings = os.environ | {"LOG_LEVEL": "ERROR", "npm_config_fetch_timeout": "30000"}
    settings.pop("PIP_CONSTRAINT", None)  # the linters want other versions than this project
    options: dict[str, Any] = {"input": given, "env": settings, "cwd": directory, "timeout": seconds}
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except subprocess.TimeoutExpired as expired:
        raise LinterBroken(f"{command[0]} did not end within {seconds} seconds.") from expired
    if ended.returncode not in statuses:
        said = (ended.stderr or ended.stdout).strip()[-2000:]
        raise LinterBroken(f"{command[0]} ended with {ended.returncode}: {said}")
    return ended.stdout
