"""Where the linters live: a home is whole or absent, is made once for all checkouts, and holds what was pinned."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import linter_environments
from linter_environments import LinterBroken, LinterMissing, NpmPackage

PART = Path("bin", "linter")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOTEJAM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "linters"


def installer(*, failures: int = 0) -> Callable[[Path], None]:
    """Return an installation that breaks in the middle as many times as told."""
    left = [failures]

    def install(place: Path) -> None:
        (place / "half").touch()
        if left[0]:
            left[0] -= 1
            raise LinterBroken("the registry hung up.")
        (place / PART).parent.mkdir()
        (place / PART).touch()

    return install


def refuse(place: Path) -> None:
    raise AssertionError("installed again")


def home(install: Callable[[Path], None], key: str = "1", offline: bool = False) -> Path:
    return linter_environments.home("linter", key, PART, install, offline)


def test_what_is_installed_once_is_installed_for_every_checkout() -> None:
    part = home(installer())
    assert part.exists()
    assert home(refuse) == home(refuse, offline=True) == part


def test_another_pin_has_another_home() -> None:
    assert home(installer(), key="1") != home(installer(), key="2")


def test_what_fails_is_tried_again() -> None:
    assert home(installer(failures=1)).exists()


def test_what_fails_for_good_says_so_and_leaves_nothing(cache: Path) -> None:
    with pytest.raises(LinterMissing, match=r"linter could not be installed .*: the registry hung up"):
        home(installer(failures=9))
    assert list(cache.iterdir()) == []


def test_a_broken_home_is_made_anew() -> None:
    part = home(installer())
    part.unlink()
    assert home(installer()).exists()


def test_offline_nothing_is_installed() -> None:
    with pytest.raises(LinterMissing, match=r"linter is not installed: run"):
        home(refuse, offline=True)


def test_a_home_that_nobody_uses_is_forgotten(cache: Path) -> None:
    old = home(installer(), key="old").parents[1]
    os.utime(old, (0, 0))
    home(installer(), key="new")
    assert not old.exists()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an npm on the path whose registry holds one archive, and return the archive."""
    archive, program = tmp_path / "registry" / "guard.tgz", tmp_path / "bin" / "npm"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as content:
        member = tarfile.TarInfo("package/guard-version.json")
        content.addfile(member, io.BytesIO())
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = pack ] && cp {archive} .\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return archive


def test_an_npm_package_is_unpacked(npm: Path, tmp_path: Path) -> None:
    linter_environments.install_npm(NpmPackage("guard", "1", linter_environments.integrity(npm)), tmp_path)
    assert (tmp_path / "package" / "guard-version.json").exists()


def test_an_npm_package_with_another_digest_is_refused(npm: Path, tmp_path: Path) -> None:
    with pytest.raises(LinterBroken, match=r"the archive of guard has digest sha512-\S+, not sha512-other"):
        linter_environments.install_npm(NpmPackage("guard", "1", "sha512-other"), tmp_path)
    assert not (tmp_path / "package").exists()


def test_without_npm_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LinterMissing, match=r"cfn-guard could not be installed .* there is no npm: install Node"):
        linter_environments.guard_package()


def wheel(directory: Path) -> Path:
    """Write the smallest package there is."""
    file = directory / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as content:
        content.writestr("tiny.py", "")
        content.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        content.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        content.writestr("tiny-1.dist-info/RECORD", "")
    return file


def test_an_environment_holds_what_its_lock_lists_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linter_environments, "TRIES", 1)
    file, lock = wheel(tmp_path), tmp_path / "lock.txt"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    lock.write_text(f"tiny @ {file.as_uri()} --hash=sha256:{digest}\n", encoding="utf-8")
    install = functools.partial(linter_environments.install_python, lock)
    python = linter_environments.home("tiny", "1", Path("bin", "python"), install, offline=False)
    linter_environments.run([str(python), "-c", "import tiny"])
    lock.write_text(f"tiny @ {file.as_uri()} --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(LinterMissing, match="DO NOT MATCH THE HASHES"):
        linter_environments.home("tiny", "2", Path("bin", "python"), install, offline=False)


def test_a_program_that_fails_is_no_silence() -> None:
    with pytest.raises(LinterBroken, match="ended with 3: oh"):
        linter_environments.run([sys.executable, "-c", "print('oh'); raise SystemExit(3)"])


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(LinterBroken, match="did not end within 1 seconds"):
        linter_environments.run([sys.executable, "-c", "import time; time.sleep(60)"], seconds=1)
