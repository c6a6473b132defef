"""The application's image, built from its own Dockerfile without a Docker engine, and kept by its content.

`mmdebstrap` makes a Debian base, `buildah` builds app/Dockerfile on it, unchanged but for `--build-arg BASE`, and what
comes out is kept as a folder with its configuration. The second time, nothing is built. What pip needs to reach its
index (certificates, proxies) is lent to the build by mounts, so that the image holds nothing of this machine.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

SUITE = "trixie"  # of the Dockerfile's own base, python:3.13-slim-trixie
PACKAGES = ("python3", "python3-venv", "python-is-python3", "ca-certificates")
PROGRAMS = {"buildah": "buildah", "mmdebstrap": "mmdebstrap", "bwrap": "bubblewrap"}
BASE_NAME, NAME = "localhost/notejam-base", "localhost/notejam"
KEPT_IMAGES = 4
BUILD_SECONDS = 900
# What of pip's configuration a build elsewhere can use; folders and files of this machine are not there.
PIP_SETTINGS = ("index-url", "extra-index-url", "proxy", "timeout", "trusted-host")
CERTIFICATES = "/run/pip/certificates.pem"
Tell = Callable[[str], None]


class ImageError(RuntimeError):
    """The image cannot be built. The message says what is missing, or ends with what the build said last."""


@dataclasses.dataclass(frozen=True)
class Image:
    """A built image: its files in a folder, and what its configuration says about running it."""

    root: Path
    digest: str
    user: str
    environment: Mapping[str, str]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    folder: str
    volumes: tuple[str, ...]
    stop_signal: str
    health_command: tuple[str, ...]

    @property
    def megabytes(self) -> float:
        """The size of the files, unpacked."""
        return sum(path.lstat().st_size for path in self.root.rglob("*") if not path.is_dir()) / 1e6


def missing() -> str:
    """Say which programs this machine lacks for building and running images, and how to get them; "" when none."""
    if not sys.platform.startswith("linux"):
        return "images are built here on Linux only"
    lacking = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return f"not installed: {', '.join(lacking)} (apt-get install {' '.join(lacking)})" if lacking else ""


def cache_folder() -> Path:
    """Return where images are kept. As root it is open to all, since containers run as another user."""
    if os.geteuid() == 0:
        return Path("/var/cache/notejam")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "notejam"


def kept(project: Path, cache: Path | None = None) -> Image | None:
    """Return the image of the application as it is now when it was built before, else None."""
    folder = (cache or cache_folder()) / f"image-{_content_key(project)}"
    return _read(folder) if not missing() and (folder / "image.json").exists() else None


def built(project: Path, cache: Path | None = None, tell: Tell = lambda words: None) -> Image:
    """Return the image of the application in a project's folder, building it unless it is kept already.

    Raises `ImageError`. Several processes may ask at once: one builds, the others wait for it.
    """
    lacking = missing()
    if lacking:
        raise ImageError(lacking)
    cache = cache or cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"image-{_content_key(project)}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "image.json").exists():
            for path in [*cache.glob("building-*"), *cache.glob("*.unfinished.tar")]:  # of a build that was killed
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
            _build(project, cache, folder, tell)
            images = sorted(cache.glob("image-*"), key=lambda path: path.stat().st_mtime)
            for path in images[:-KEPT_IMAGES]:
                shutil.rmtree(path, ignore_errors=True)
        os.utime(folder)
    return _read(folder)


def _content_key(project: Path) -> str:
    """Digest everything that an image is made of: the base's recipe and all that the Dockerfile may copy."""
    digest = hashlib.sha256(repr(_base_command(Path())).encode())
    for path in sorted((project / "app").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(project)}\0{path.stat().st_mode & 0o111}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _base_command(target: Path) -> list[str]:
    return ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(target)]


def _build(project: Path, cache: Path, folder: Path, tell: Tell) -> None:
    from . import image_audit

    with tempfile.TemporaryDirectory(prefix="building-", dir=cache) as name:
        work = Path(name)
        work.chmod(0o755)
        builder = _Builder(work)
        base = _base(cache, tell)
        tell("building the image from app/Dockerfile")
        builder.import_base(base)
        builder.build(project, work / "image" / "root")
        configuration = builder.configuration()
        (work / "image" / "image.json").write_text(json.dumps(configuration), encoding="utf-8")
        # What can be found wrong with an image without a network.
        requirements = (project / "app" / "requirements.txt").read_text(encoding="utf-8")
        found = list(image_audit.findings(_read(work / "image"), requirements))
        if found:
            raise ImageError("the image is not sound:\n" + "\n".join(f"  {line}" for line in found))
        (work / "image").rename(folder)


def _base(cache: Path, tell: Tell) -> Path:
    """Return the packed base, made unless it is kept already."""
    key = hashlib.sha256(repr(_base_command(Path())).encode()).hexdigest()[:16]
    base = cache / f"base-{key}.tar"
    if not base.exists():
        tell(f"making a base of Debian {SUITE}")
        unfinished = base.with_suffix(".unfinished.tar")
        _run(_base_command(unfinished))
        unfinished.rename(base)
    return base


@dataclasses.dataclass(frozen=True)
class _Builder:
    """buildah with a storage of its own, which goes away with the folder that it works in."""

    work: Path

    def import_base(self, base: Path) -> None:
        """Make an image of the packed base."""
        (self.work / "base").mkdir()
        os.link(base, self.work / "base" / "base.tar")
        recipe = self.work / "base" / "Dockerfile"
        recipe.write_text("FROM scratch\nADD base.tar /\n", encoding="utf-8")
        self._bud(["--file", str(recipe), "--tag", BASE_NAME, str(recipe.parent)])

    def build(self, project: Path, root: Path) -> None:
        """Build app/Dockerfile as it is, and write the image's files to a folder."""
        root.mkdir(parents=True)
        places = lent_to_pip(self.work)
        lent = [f"--volume={source}:{target}:ro" for target, source in places.items()]
        given = ["--build-arg", f"BASE={BASE_NAME}", "--file", "app/Dockerfile", "--tag", NAME]
        self._bud([*lent, *given, "--output", f"type=local,dest={root}", "."], project)
        for place in (root / target[1:] for target in places):
            if place.is_file() and not place.stat().st_size:
                place.unlink()  # what something was mounted on
        root.chmod(0o755)

    def configuration(self) -> dict[str, Any]:
        """Return what the image says about running it, and its digest."""
        inspected = json.loads(self._buildah(["inspect", "--type", "image", NAME]))
        return {"digest": inspected["FromImageDigest"], "config": inspected["Docker"]["config"]}

    def _bud(self, arguments: Sequence[str], folder: Path | None = None) -> None:
        common = ["bud", "--quiet", "--isolation", "chroot", "--network", "host", "--format", "docker"]
        self._buildah([*common, *arguments], folder)

    def _buildah(self, arguments: Sequence[str], folder: Path | None = None) -> str:
        storage = ["--root", str(self.work / "storage"), "--runroot", str(self.work / "run"), "--storage-driver", "vfs"]
        return _run(["buildah", *storage, *arguments], folder)


def lent_to_pip(work: Path) -> dict[str, Path]:
    """Return what is mounted while pip runs, by its place in the build: a configuration, and certificates.

    Pip's settings are those of this machine, whichever file or variable they come from; local paths are left out.
    """
    pip = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(pip, capture_output=True, text=True, check=False).stdout
    found = dict(re.findall(r"^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", listed, re.MULTILINE))
    settings = {name: value for name, value in found.items() if name == "cert" or "file:" not in value}
    lines = [f"{name} = {settings[name]}" for name in PIP_SETTINGS if name in settings]
    certificates = Path(settings.get("cert") or os.environ.get("SSL_CERT_FILE", ""))
    lent: dict[str, Path] = {}
    if certificates.is_file():
        lent[CERTIFICATES] = certificates.resolve()
        lines.append(f"cert = {CERTIFICATES}")
    configuration = work / "pip.conf"
    configuration.write_text("\n".join(["[global]", *lines, ""]), encoding="utf-8")
    return lent | {"/etc/pip.conf": configuration}


def _read(folder: Path) -> Image:
    described = json.loads((folder / "image.json").read_text(encoding="utf-8"))
    config = described["config"]
    test = config.get("Healthcheck", {}).get("Test") or []
    return Image(
        root=folder / "root",
        digest=described["digest"],
        user=config.get("User", ""),
        environment=dict(item.split("=", 1) for item in config.get("Env") or ()),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        folder=config.get("WorkingDir") or "/",
        volumes=tuple(config.get("Volumes") or ()),
        stop_signal=config.get("StopSignal") or "SIGTERM",
        health_command=tuple(test),
    )


def _run(command: Sequence[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ImageError(f"{command[0]} took longer than {BUILD_SECONDS} s") from None
    if done.returncode:
        last = "\n".join(f"    | {line}" for line in (done.stdout + done.stderr).splitlines()[-15:])
        raise ImageError(f"{command[0]} ended with {done.returncode}:\n{last}")
    return done.stdout
