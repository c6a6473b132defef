"""The dress rehearsal of stages, from nothing to nothing; what it notices is in test_mistakes.py."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from notejam_cfn.cli import main
from notejam_cfn.deploy.manifest import read
from notejam_cfn.local import emulator
from notejam_cfn.local.containers.image import Image
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.local.rehearse import Rehearsal, Settings

ROOT = Path(__file__).parents[3]


def rehearse(aws: Emulator, output: Path, stage: str, in_role: bool = False) -> str:
    """Rehearse in this process, in the emulator that tests share, and return what was told."""
    told: list[str] = []
    Rehearsal(read(output), Settings(stage, ROOT, image=False, in_role=in_role), aws, told.append).run()
    return "\n".join(told)


@pytest.mark.long
def test_the_rehearsal_of_dev_in_its_image_goes_well(
    built: Image, aws: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command, in the emulator that tests share."""
    monkeypatch.setattr(emulator, "running", lambda region: contextlib.nullcontext(aws))
    monkeypatch.chdir(ROOT)
    status = main.main(["rehearse", "dev", "--image"])
    told = capsys.readouterr()
    assert status == 0, told.out + told.err
    assert f"the containers run in the image {built.digest[:19]}" in told.out
    assert "The rehearsal of dev went well" in told.out


@pytest.mark.usefixtures("forked_containers")
def test_the_rehearsal_of_prod_goes_well(aws: Emulator) -> None:
    told = rehearse(aws, ROOT / "output", "prod", in_role=True)
    assert "got everything that they asked for" in told
    assert re.search(r"\d+ of the roles' \d+ permissions were used by nothing", told)
    assert "signed up as" in told
    assert "nothing was replaced" in told


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Path]:
    """Build dev alone with some settings, without a delivery, and return the folder of its templates."""

    def run(settings: str) -> Path:
        config, output = tmp_path / "notejam.toml", tmp_path / "output"
        config.write_text(f'[stages.dev]\nregion = "eu-central-1"\n{settings}', encoding="utf-8")
        places = ["--config", str(config), "--output", str(output)]
        assert main.main(["build", "--stage", "dev", "--no-lint", *places]) == 0
        return output

    return run


DOMAIN = 'load_balancer.domain = "notes.example.com"\nload_balancer.hosted_zone_id = "Z0123ABC"\n'


@pytest.mark.usefixtures("forked_containers")
def test_a_domain_with_firewall_and_log_goes_well(aws: Emulator, configured: Callable[[str], Path]) -> None:
    told = rehearse(aws, configured(f"{DOMAIN}load_balancer.waf = true\ncdn.access_log = true\n"), "dev")
    assert "https://notes.example.com says that it waits" in told
    assert "removed 7 stacks" in told


WITHOUT_CLOUDFRONT = "cdn.enabled = false\n"


@pytest.mark.usefixtures("forked_containers")
def test_without_cloudfront_people_come_by_the_load_balancer(aws: Emulator, configured: Callable[[str], Path]) -> None:
    told = rehearse(aws, configured(WITHOUT_CLOUDFRONT), "dev")
    assert "elb.amazonaws.com says that it waits" in told and "who asks over HTTP" not in told


@pytest.mark.long
def test_nothing_is_left_when_it_is_interrupted(configured: Callable[[str], Path]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "notejam_cfn", "rehearse", "dev", "--output", str(configured(WITHOUT_CLOUDFRONT))],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if "container is healthy" in line:
            break
    children = descendants(process.pid)
    assert children
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    # The kernel takes a moment to end what is left of a container's process namespace.
    deadline = time.monotonic() + 5
    while (left := running(children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def running(pids: list[int]) -> list[str]:
    """What of these processes still runs, as its command line; one that has ended and waits to be noticed has none."""
    found = [Path(f"/proc/{pid}/cmdline") for pid in pids]
    lines = [path.read_text().replace("\0", " ") for path in found if path.exists()]
    return [line for line in lines if line]


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    children = [child for child, parent in parents.items() if parent == pid]
    return children + [grand for child in children for grand in descendants(child)]
