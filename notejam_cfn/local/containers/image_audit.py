"""Looks an image over for what can be seen without a network: files, packages, rights, secrets, licences.

Known vulnerabilities are no part of it: their databases are not here. The pipeline's image build waits for ECR's scan
of every image, and stops at a critical finding.
"""

from __future__ import annotations

import base64
import hashlib
import re
import stat
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from .image import Image

# What a container's runtime puts there itself.
NOT_OURS = frozenset({"dev", "proc", "sys"})
CACHES = ("root/.cache", "var/cache/apt/archives/*.deb", "var/cache/apt/*.bin", "var/lib/apt/lists/*_*", "tmp/*")
CREDENTIALS = (".aws", ".docker", ".env", ".git", ".netrc", ".pypirc", ".ssh", "id_ed25519", "id_rsa", "pip.conf")
# Packages of Debian hold no keys but public ones; reading them all would take seconds.
LOOKED_INTO = ("etc", "home", "root", "srv", "tmp", "venv")
PRIVATE_KEY = re.compile(rb"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----\r?\n[A-Za-z0-9+/]{16}")
TELLS_SECRET = re.compile(r"(?i)secret|password|token|credential|access_?key")
LONGEST_TEXT = 200_000
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
# What apt calls a package that is there and whole.
WHOLE = "install ok installed"


def findings(image: Image, requirements: str) -> Iterator[str]:
    """Yield what is wrong with an image, a line each. `requirements` is the text of the file it was made from."""
    if not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", image.user):
        yield f"it runs as {image.user or 'root'}: USER must be a number, and not 0"
    for name in image.environment:
        if TELLS_SECRET.search(name):
            yield f"its environment has {name}, which everybody reads who may pull it"
    files = sorted(_files(image.root))
    yield from _rights(image.root, files)
    yield from _left_behind(image.root, files)
    yield from _python(image.root, requirements)
    yield from _debian(image.root)


def _files(root: Path) -> Iterator[Path]:
    for top in root.iterdir():
        if top.name not in NOT_OURS:
            yield top
            yield from top.rglob("*") if top.is_dir() and not top.is_symlink() else ()


def _rights(root: Path, files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            yield f"/{path.relative_to(root)} gives whoever runs it another user's rights"
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX and not stat.S_ISLNK(mode):
            yield f"/{path.relative_to(root)} can be written by everybody"


def _left_behind(root: Path, files: Iterable[Path]) -> Iterator[str]:
    for pattern in CACHES:
        yield from (f"/{path.relative_to(root)} is left from building" for path in root.glob(pattern))
    for path in files:
        name = path.relative_to(root)
        if path.name in CREDENTIALS:
            yield f"/{name} is where credentials are kept"
        elif name.parts[0] in LOOKED_INTO and _holds_key(path):
            yield f"/{name} holds a private key"


def _holds_key(path: Path) -> bool:
    told = path.lstat()
    return stat.S_ISREG(told.st_mode) and told.st_size <= LONGEST_TEXT and bool(PRIVATE_KEY.search(path.read_bytes()))


def _python(root: Path, requirements: str) -> Iterator[str]:
    """Compare the installed packages with the pinned ones, and each file with its package's record."""
    folders = [str(path) for path in root.glob("venv/lib/python*/site-packages")]
    found = {_plain(one.metadata["Name"]): one for one in metadata.distributions(path=folders)}
    pinned = {_plain(name): version for name, version in PINNED.findall(requirements)}
    for name, one in found.items():
        if pinned.get(name) != one.version:
            yield f"{name} {one.version} is installed, and {pinned.get(name, 'nothing')} is pinned"
        told = one.metadata.get_all
        classified = any(line.startswith("License") for line in told("Classifier") or ())
        if not classified and not any(told(kind) for kind in ("License-Expression", "License", "License-File")):
            yield f"{name} does not tell its licence"
        yield from (f"{name}: {path} is not what was installed" for path in _changed(one))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _changed(one: metadata.Distribution) -> Iterator[str]:
    """Yield the files of a package that differ from its record. Those that the build leaves out are not there."""
    for path in one.files or ():
        where = Path(str(path.locate()))
        if path.hash and path.hash.mode == "sha256" and where.is_file():
            digest = base64.urlsafe_b64encode(hashlib.sha256(where.read_bytes()).digest()).rstrip(b"=").decode()
            if digest != path.hash.value:
                yield str(path)


def _debian(root: Path) -> Iterator[str]:
    """Do what `dpkg --audit` and `dpkg --verify` do, which would want to be run inside."""
    state = root / "var" / "lib" / "dpkg"
    if not state.is_dir():
        yield "no packages of Debian are listed: the base is another one"
        return
    for package in (state / "status").read_text(encoding="utf-8").split("\n\n"):
        named = re.search(r"^Package: (.*)$", package, re.MULTILINE)
        if named and f"Status: {WHOLE}" not in package:
            yield f"Debian's {named[1]} is not installed whole"
    for sums in sorted((state / "info").glob("*.md5sums")):
        for line in sums.read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            path = root / name
            if path.is_file() and hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() != digest:
                yield f"/{name} is not what Debian's {sums.stem.partition(':')[0]} installed"
