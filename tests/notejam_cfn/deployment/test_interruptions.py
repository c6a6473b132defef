"""Ctrl-C by a real signal, at each step, and two people at once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from notejam_cfn.deployment.aws import Aws
from notejam_cfn.rehearsal.emulator import Emulator

from .conftest import REGION, SCRIPTS, Run, Shop

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(environment: dict[str, str], shop: Shop) -> Iterator[Start]:
    """Start a script as a process of its own, with a terminal or without."""
    begun: list[subprocess.Popen[str]] = []

    def begin(name: str, *arguments: str, user: str = "alice") -> subprocess.Popen[str]:
        command = [sys.executable, str(SCRIPTS / f"{name}.py"), "dev", "--output", str(shop.folder), *arguments]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment | {"LOGNAME": user, "PYTHONUNBUFFERED": "1"},
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """Read lines until one has the pattern; return everything read."""
    assert process.stdout
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if re.search(pattern, line):
            return "".join(lines)
    pytest.fail(f"{pattern!r} was never said:\n{''.join(lines)}")


def test_interrupted_before_anything_begins_nothing_is_there(start: Start, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(answers=[{"action": "DescribeStacks", "error": "Throttling", "times": 6}])
    process = start("deploy", "--yes")
    read_until(process, "account")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    aws.set_faults()
    assert (process.returncode, "nothing was begun" in out) == (130, True)
    assert facade.stack(REGION, "shop-dev-base") is None


def test_interrupted_while_creating_what_was_created_is_deleted(start: Start, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(seconds_per_resource=0.7)
    process = start("deploy", "--yes")
    read_until(process, r"base .*creating \d")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what was created is deleted" in out
    assert "stopped and taken back" in out
    assert "Continue with: python scripts/deploy.py dev" in out
    assert all(facade.stack(REGION, f"shop-dev-{layer}") is None for layer in ("base", "data", "app"))


def test_interrupted_while_updating_the_update_is_rolled_back(
    start: Start, run: Run, shop: Shop, aws: Emulator, facade: Aws
) -> None:
    run("deploy", "--yes")
    shop.properties("base", "Address")["Tags"] = [{"Key": "colour", "Value": "red"}]
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.write()
    aws.set_faults(seconds_per_resource=0.7)
    process = start("deploy", "--yes")
    read_until(process, r"base .*updating \d")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, "takes it back" in out) == (130, True)
    found = facade.stack(REGION, "shop-dev-base")
    assert found
    assert found.status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_second_interruption_leaves_at_once_and_says_so(start: Start, aws: Emulator) -> None:
    slow_to_undo = [{"action": "DeleteStack", "error": "Throttling", "times": 6}]
    aws.set_faults(seconds_per_resource=1.5, answers=slow_to_undo)
    process = start("deploy", "--yes")
    read_until(process, r"base .*creating \d")
    process.send_signal(signal.SIGINT)
    read_until(process, "what was created is deleted")
    left = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert time.monotonic() - left < 2
    assert "shop-dev-base: still under way" in out, out
    assert process.returncode == 130


def test_after_leaving_the_same_command_goes_on(start: Start, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(seconds_per_resource=0.7)
    process = start("deploy", "--yes", "--only", "extra", "--only", "base")
    read_until(process, r"base .*creating \d")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    again = start("deploy", "--yes", "--only", "extra", "--only", "base")
    out, _ = again.communicate(timeout=60)
    assert (again.returncode, "waiting for the end" in out) == (0, True)
    found = facade.stack(REGION, "shop-dev-base")
    assert found
    assert found.status == "CREATE_COMPLETE"


def test_the_second_of_two_people_is_told_who_and_when(start: Start, aws: Emulator) -> None:
    aws.set_faults(seconds_per_resource=1)
    first = start("deploy", "--yes", user="alice")
    read_until(first, r"base .*creating \d")
    second = start("deploy", "--yes", user="bob")
    out, _ = second.communicate(timeout=60)
    assert second.returncode == 4
    assert re.search(r"is being created: alice began it on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", out)
    assert "--wait" in out


def test_the_second_of_two_people_can_wait(start: Start, aws: Emulator) -> None:
    aws.set_faults(seconds_per_resource=0.5)
    first = start("deploy", "--yes", "--only", "base", user="alice")
    read_until(first, r"base .*creating \d")
    second = start("deploy", "--yes", "--only", "base", "--wait", user="bob")
    out, _ = second.communicate(timeout=60)
    assert (second.returncode, "unchanged" in out) == (0, True)
