"""The image that the Dockerfile makes, and what a container of it may do."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.local.containers import image, image_audit
from notejam_cfn.local.containers.runtime import Running
from notejam_cfn.local.containers.sandbox import Limits, Sandbox

LIKE_A_TASK = Limits(user="10001", read_only=True, mounts={"/tmp": "tmp"}, init=True)
LARGEST_MB = 260
ROOT = Path(__file__).parents[4]


@pytest.fixture
def sandbox(built: image.Image) -> Iterator[Sandbox]:
    """A container of the image, in a folder that other users may enter: pytest's own is for one."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        volumes, authorities = folder / "volumes", folder / "authorities.pem"
        volumes.mkdir(mode=0o755)
        authorities.write_text("nobody\n")
        authorities.chmod(0o644)
        yield Sandbox(built, volumes, authorities)


def run(sandbox: Sandbox, program: str, limits: Limits = LIKE_A_TASK) -> subprocess.CompletedProcess[str]:
    process = sandbox.process(limits, ["python", "-c", program], {})
    return subprocess.run(**process, capture_output=True, text=True, timeout=60, check=False)


def asked(sandbox: Sandbox, expression: str, limits: Limits = LIKE_A_TASK) -> Any:
    done = run(sandbox, f"import json, os, pathlib; print(json.dumps({expression}))", limits)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_image_says_how_it_runs(built: image.Image) -> None:
    assert built.user == "10001:10001"
    assert built.entrypoint == ("python", "-m", "app")
    assert built.command == ("serve",)
    assert built.stop_signal == "SIGTERM"
    assert built.volumes == ("/tmp",)
    assert built.health_command == ("CMD", "python", "-m", "app", "healthcheck")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", built.digest)


def test_the_image_is_small_and_holds_nothing_of_this_machine(built: image.Image) -> None:
    assert built.megabytes < LARGEST_MB
    assert not list(image_audit.findings(built, (ROOT / "app" / "requirements.txt").read_text()))
    assert not (built.root / image.CERTIFICATES[1:]).exists()
    assert not list((built.root / "venv").rglob("pip"))
    assert not list((built.root / built.folder[1:]).rglob("Dockerfile*"))


def test_an_image_is_built_once_for_its_content(built: image.Image) -> None:
    began = time.monotonic()
    assert image.built(ROOT) == built
    assert time.monotonic() - began < 5


def test_a_changed_application_is_another_image(built: image.Image, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\n")
    assert image.kept(tmp_path) is None


def test_a_build_that_fails_says_what_the_build_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is based on is empty here: to import the real base takes seconds."""
    if lacking := image.missing():
        pytest.skip(lacking)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY app/nothing /\n")
    base, cache = tmp_path / "base.tar", tmp_path / "cache"
    tarfile.open(base, "w").close()
    monkeypatch.setattr(image, "_base", lambda cache, tell: base)
    with pytest.raises(image.ImageError, match="app/nothing"):
        image.built(tmp_path, cache)
    assert not list(cache.glob("building-*"))


def test_containers_run_as_the_user_of_their_definition_and_see_only_themselves(sandbox: Sandbox) -> None:
    assert asked(sandbox, "[os.getuid(), os.getgid()]") == [10001, 10001]
    assert len(asked(sandbox, "[name for name in os.listdir('/proc') if name.isdigit()]")) <= 2
    assert asked(sandbox, "os.getpid()", Limits(read_only=True)) == 1


def test_only_declared_mounts_can_be_written(sandbox: Sandbox) -> None:
    for path in ("/srv/x", "/venv/x", "/var/tmp/x", "/x"):
        assert "Read-only file system" in run(sandbox, f"open({path!r}, 'w')").stderr
    assert run(sandbox, "open('/tmp/x', 'w')").returncode == 0
    without = Limits(user="10001", read_only=True)
    assert "Read-only file system" in run(sandbox, "open('/tmp/x', 'w')", without).stderr


def test_a_mount_that_the_image_does_not_declare_belongs_to_root(sandbox: Sandbox) -> None:
    if os.geteuid():
        pytest.skip("only root can make another user's folder")
    other = Limits(user="10001", read_only=True, mounts={"/mnt": "other"})
    assert "Permission denied" in run(sandbox, "open('/mnt/x', 'w')", other).stderr


def test_the_environment_is_the_images_and_the_definitions_alone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THIS_MACHINE", "1")
    names = set(asked(sandbox, "list(os.environ)"))
    assert names <= {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PWD", "LC_CTYPE"}


@pytest.mark.parametrize("init", [True, False], ids=["with an init process", "without"])
def test_the_stop_signal_reaches_the_program_itself(sandbox: Sandbox, tmp_path: Path, init: bool) -> None:
    limits = Limits(user="10001", read_only=True, mounts={"/tmp": "tmp"}, init=init, stop_seconds=20)
    program = (
        "import signal,sys;signal.signal(15, lambda *_: sys.exit(print('farewell') or 0));print('up');signal.pause()"
    )
    running = Running.start(sandbox, limits, ["python", "-uc", program], {}, tmp_path / "log")
    wait_for(tmp_path / "log", "up")
    assert running.memory_mib() > 1
    assert running.stop()
    assert "farewell" in (tmp_path / "log").read_text()


def test_a_program_that_ignores_its_stop_signal_is_killed_at_its_timeout(sandbox: Sandbox, tmp_path: Path) -> None:
    limits = Limits(user="10001", read_only=True, init=True, stop_seconds=1)
    program = "import signal,time;signal.signal(15, signal.SIG_IGN);print('up');time.sleep(60)"
    running = Running.start(sandbox, limits, ["python", "-uc", program], {}, tmp_path / "log")
    wait_for(tmp_path / "log", "up")
    assert not running.stop()
    assert running.process.returncode == -signal.SIGKILL


def wait_for(log: Path, words: str) -> None:
    for _ in range(200):
        if words in log.read_text():
            return
        time.sleep(0.05)
    pytest.fail(f"{words!r} is not in the log: {log.read_text()}")


def test_the_application_answers_on_every_address_family(sandbox: Sandbox, tmp_path: Path) -> None:
    done = run(sandbox, "import socket; s = socket.create_server(('::', 0), family=socket.AF_INET6); print('bound')")
    assert done.stdout.strip() == "bound", done.stderr
