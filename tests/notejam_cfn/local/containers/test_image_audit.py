"""What an image is looked over for, on an image of a few files."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from notejam_cfn.local.containers.image import Image
from notejam_cfn.local.containers.image_audit import findings

PINNED = "bottle==0.13.4 \\\n    --hash=sha256:00\n"


@pytest.fixture
def sound(tmp_path: Path) -> Image:
    """An image of one Python package and one of Debian, in which nothing is wrong."""
    info = tmp_path / "venv/lib/python3.13/site-packages/bottle-0.13.4.dist-info"
    debian = tmp_path / "var/lib/dpkg/info"
    for folder in (info, debian, tmp_path / "usr/bin"):
        folder.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: bottle\nVersion: 0.13.4\nLicense: MIT\n")
    (info.parent / "bottle.py").write_text("")
    empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    (info / "RECORD").write_text(f"bottle.py,sha256={empty},0\nbottle-0.13.4.dist-info/RECORD,,\n")
    (debian.parent / "status").write_text("Package: tar\nStatus: install ok installed\n")
    (tmp_path / "usr/bin/tar").write_text("tar")
    (tmp_path / "usr/bin/tar").chmod(0o755)
    (debian / "tar.md5sums").write_text(f"{hashlib.md5(b'tar', usedforsecurity=False).hexdigest()}  usr/bin/tar\n")
    return Image(tmp_path, "sha256:0", "10001:10001", {"PATH": "/venv/bin"}, (), (), "/srv", (), "SIGTERM", ())


def write(image: Image, name: str, text: str = "", mode: int = 0o644) -> None:
    path = image.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_a_sound_image_has_no_findings(sound: Image) -> None:
    assert list(findings(sound, PINNED)) == []


KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n"
MISTAKES: list[tuple[Callable[[Image], None], str]] = [
    (lambda image: write(image, "usr/bin/su", mode=0o4755), "/usr/bin/su gives whoever runs it another user's rights"),
    (lambda image: write(image, "srv/open", mode=0o666), "/srv/open can be written by everybody"),
    (lambda image: write(image, "root/.cache", "x"), "/root/.cache is left from building"),
    (
        lambda image: write(image, "var/cache/apt/archives/tar.deb"),
        "/var/cache/apt/archives/tar.deb is left from building",
    ),
    (lambda image: write(image, "srv/.env"), "/srv/.env is where credentials are kept"),
    (lambda image: write(image, "srv/app/key.pem", KEY), "/srv/app/key.pem holds a private key"),
    (
        lambda image: write(image, "venv/lib/python3.13/site-packages/bottle.py", "evil"),
        "bottle: bottle.py is not what was installed",
    ),
    (lambda image: write(image, "usr/bin/tar", "other", 0o755), "/usr/bin/tar is not what Debian's tar installed"),
    (
        lambda image: write(image, "var/lib/dpkg/status", "Package: tar\nStatus: install ok half-configured\n"),
        "Debian's tar is not installed whole",
    ),
]


@pytest.mark.parametrize(("mistake", "told"), MISTAKES, ids=[told for _, told in MISTAKES])
def test_a_mistake_is_told(sound: Image, mistake: Callable[[Image], None], told: str) -> None:
    mistake(sound)
    assert list(findings(sound, PINNED)) == [told]


def test_its_user_and_its_environment_are_looked_at(sound: Image) -> None:
    image = dataclasses.replace(sound, user="", environment={"DB_PASSWORD": "x"})
    assert [line.partition(":")[0] for line in findings(image, PINNED)] == [
        "it runs as root",
        "its environment has DB_PASSWORD, which everybody reads who may pull it",
    ]


def test_packages_are_those_that_are_pinned_and_tell_their_licence(sound: Image) -> None:
    other = PINNED.replace("0.13.4", "0.13.5")
    assert list(findings(sound, other)) == ["bottle 0.13.4 is installed, and 0.13.5 is pinned"]
    write(
        sound, "venv/lib/python3.13/site-packages/bottle-0.13.4.dist-info/METADATA", "Name: bottle\nVersion: 0.13.4\n"
    )
    assert list(findings(sound, PINNED)) == ["bottle does not tell its licence"]
