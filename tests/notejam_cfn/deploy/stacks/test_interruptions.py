"""Ctrl-C by a real signal, at each step, and two people at once."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.deploy.ui.signals import left_to_the_child
from notejam_cfn.local.emulator import REGION, Emulator
from tests.conftest import Run
from tests.harness import forked
from tests.notejam_cfn.deploy.conftest import Shop

UNTIL_LET_GO = 600.0  # seconds for a resource, which ends when the faults are changed: a second process meets the first


class Command(forked.Process):
    """A command as a process of its own, and what it has said that was not read yet."""

    def __init__(self, prepared: Path, arguments: list[str], environment: dict[str, str]) -> None:
        reading, writing = os.pipe()
        super().__init__(prepared, ["-m", "notejam_cfn", *arguments], environment, prepared, writing, writing)
        os.close(writing)
        self.said = os.fdopen(reading)

    def end(self) -> str:
        """Wait for its end, a minute at most, and return what else it said."""
        late = threading.Timer(60, self.send_signal, [signal.SIGKILL])
        late.start()
        with self.said:
            rest = self.said.read()
        self.wait()
        late.cancel()
        return rest

    def kill(self) -> None:
        """End it, whatever it is at."""
        self.send_signal(signal.SIGKILL)
        self.wait(60)
        self.said.close()


Start = Callable[..., Command]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where commands are forked from a process that has imported what they need."""
    folder = tmp_path_factory.mktemp("prepared")
    with forked.python(folder):
        yield folder


@pytest.fixture
def start(environment: dict[str, str], prepared: Path, shop: Shop, aws: Emulator, facade: Aws) -> Iterator[Start]:
    """Start a command as a process of its own, without a terminal. In the end nothing of it is under way."""
    begun: list[Command] = []

    def begin(name: str, *arguments: str, user: str = "alice") -> Command:
        words = [name, "dev", "--output", str(shop.folder), *arguments]
        begun.append(Command(prepared, words, environment | {"LOGNAME": user}))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
    aws.set_faults()
    wait_until(lambda: not is_busy(facade), "what was under way never ended")


def read_until(process: Command, pattern: str) -> str:
    """Read lines until one has the pattern; return everything read."""
    lines: list[str] = []
    for line in process.said:
        lines.append(line)
        if re.search(pattern, line):
            return "".join(lines)
    pytest.fail(f"{pattern!r} was never said:\n{''.join(lines)}")


def wait_until_creating(process: Command, facade: Aws) -> None:
    """Wait until CloudFormation has begun: the script says so a moment before."""
    wait_until(lambda: is_busy(facade) or process.poll() is not None, "the creation never began")
    assert process.poll() is None, process.end()


def wait_until(holds: Callable[[], bool], otherwise: str) -> None:
    """Wait for as long as these tests wait for any process."""
    deadline = time.monotonic() + 60
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(otherwise)
        time.sleep(0.05)


def is_busy(facade: Aws) -> bool:
    found = facade.stack(REGION, "shop-dev-base")
    return bool(found and found.busy)


def test_interrupted_before_anything_begins_nothing_is_there(start: Start, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(answers=[{"action": "DescribeStacks", "error": "Throttling", "times": 6}])
    process = start("deploy", "--yes")
    read_until(process, "account")
    process.send_signal(signal.SIGINT)
    out = process.end()
    aws.set_faults()
    assert (process.returncode, "interrupted" in out) == (130, True)
    assert facade.stack(REGION, "shop-dev-base") is None


def test_interrupted_while_creating_what_was_created_is_deleted(start: Start, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(seconds_per_resource=1.5)
    process = start("deploy", "--yes")
    read_until(process, r"base .*creating \d")
    process.send_signal(signal.SIGINT)
    out = process.end()
    assert process.returncode == 130
    assert "what was created is deleted" in out
    assert "stopped and taken back" in out
    assert "Continue with: python -m notejam_cfn deploy dev" in out
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
    out = process.end()
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
    out = process.end()
    assert time.monotonic() - left < 2
    assert "shop-dev-base: still under way" in out, out
    assert process.returncode == 130


def test_after_leaving_the_same_command_goes_on(start: Start, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(seconds_per_resource=UNTIL_LET_GO)
    process = start("deploy", "--yes", "--only", "base")
    wait_until_creating(process, facade)
    process.kill()
    again = start("deploy", "--yes", "--only", "base")
    read_until(again, "waiting for the end")
    aws.set_faults()
    again.end()
    assert again.returncode == 0
    found = facade.stack(REGION, "shop-dev-base")
    assert found
    assert found.status == "CREATE_COMPLETE"


def test_the_second_of_two_people_is_told_who_and_when(start: Start, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(seconds_per_resource=UNTIL_LET_GO)
    wait_until_creating(start("deploy", "--yes", user="alice"), facade)
    second = start("deploy", "--yes", user="bob")
    out = second.end()
    assert second.returncode == 4
    assert re.search(r"is being created: alice began it on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", out)
    assert "--wait" in out


def test_the_second_of_two_people_can_wait(start: Start, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(seconds_per_resource=UNTIL_LET_GO)
    wait_until_creating(start("deploy", "--yes", "--only", "base", user="alice"), facade)
    second = start("deploy", "--yes", "--only", "base", "--wait", user="bob")
    read_until(second, "waiting for the end")
    aws.set_faults()
    out = second.end()
    assert (second.returncode, "unchanged" in out) == (0, True)


class Terminal:
    """A script that runs on a terminal, and the person there."""

    def __init__(self, environment: dict[str, str], prepared: Path, shop: Shop) -> None:
        self.screen, other = pty.openpty()
        command = ["-m", "notejam_cfn", "deploy", "dev", "--output", str(shop.folder), "--only", "base"]
        self.process = forked.Process(prepared, command, environment, prepared, other, other, other)
        os.close(other)
        self.seen = ""

    def wait_for(self, pattern: str) -> None:
        deadline = time.monotonic() + 30
        while not re.search(pattern, self.seen) and time.monotonic() < deadline:
            if select.select([self.screen], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.screen, 4096).decode(errors="replace")
                except OSError:
                    break  # the process has ended
        assert re.search(pattern, self.seen), self.seen

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def close(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.screen)


@pytest.fixture
def terminal(environment: dict[str, str], prepared: Path, shop: Shop) -> Iterator[Terminal]:
    opened = Terminal(environment, prepared, shop)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("answer", "end", "status"),
    [("g", r"Done in .*1 created", 0), ("u", "stopped and taken back", 130), ("l", "still under way", 130)],
)
def test_on_a_terminal_ctrl_c_asks_what_to_do(
    terminal: Terminal, aws: Emulator, answer: str, end: str, status: int
) -> None:
    aws.set_faults(seconds_per_resource=0.7)
    terminal.wait_for(r"Deploy 1 of 1 stacks\? \[y/N\]")
    terminal.type("y\n")
    terminal.wait_for(r"creating 2 resources")
    terminal.process.send_signal(signal.SIGINT)
    terminal.wait_for(r"Stop\? \(undo / leave / go on\)")
    terminal.type(f"{answer}\n")
    terminal.wait_for(end)
    assert terminal.process.wait(timeout=30) == status


def test_ctrl_c_in_a_shell_of_a_container_is_for_the_shell() -> None:
    before = signal.getsignal(signal.SIGINT)
    with left_to_the_child():
        os.kill(os.getpid(), signal.SIGINT)
        child = subprocess.run(["sh", "-c", "kill -INT $$; echo on"], capture_output=True, text=True, check=False)
    assert (child.stdout, signal.getsignal(signal.SIGINT)) == ("on\n", before)
