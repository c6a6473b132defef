"""What tests of whole programs share: one emulator, empty for each test, and commands run in it as people run them."""

from __future__ import annotations

import dataclasses
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.cli.main import main
from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.local import emulator
from tests.harness.application import end_forking
from tests.harness.leftovers import adopt_orphans, left_over

ROOT = Path(__file__).parents[1]
# Tests start hundreds of processes: what one has compiled serves the others and the next run, whatever the shell says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


LEFT: list[str] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    adopt_orphans()
    # A shell starts what runs in its background with SIGINT ignored, which the commands under test would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take long: one that begins last is waited for by processes that have nothing left."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for garbage rarely, and not among the modules and models that stay: it takes a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when a test left a process behind. With pytest-xdist, each worker tells of its own."""
    end_forking()
    # Pytest looks for garbage five times as it ends: once, here, finds what is there.
    gc.collect()
    gc.freeze()
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_over"] = left_over()
        return
    if not session.config.getoption("numprocesses", None):
        LEFT.extend(left_over())
    if LEFT:
        print("\nprocesses left over:", *LEFT, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    LEFT.extend(getattr(node, "workeroutput", {}).get("left_over", []))


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[emulator.Emulator]:
    with emulator.running() as started:
        yield started


@pytest.fixture
def aws(running_emulator: emulator.Emulator, monkeypatch: pytest.MonkeyPatch) -> emulator.Emulator:
    """The emulator, empty; boto3 finds it in the environment."""
    running_emulator.reset()
    for name, value in running_emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Aws, "__init__", _with_kept_clients)
    return running_emulator


@pytest.fixture
def once(aws: emulator.Emulator) -> Once:
    """Do something to an empty emulator, or put back what was there when an earlier test had done it."""

    def let_be_there(name: str, make: Callable[[], object]) -> None:
        if not aws.put_back(name):
            make()
            aws.keep(name)

    return let_be_there


CLIENTS: dict[Any, dict[tuple[str, str], Any]] = {}
_new_facade = Aws.__init__


def _with_kept_clients(self: Aws, access: Access | None = None) -> None:
    """Begin with the clients that earlier tests made for the same credentials: a new one takes 15 ms."""
    _new_facade(self, access)
    given = frozenset((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    self._clients = CLIENTS.setdefault((self.access, given), self._clients)


@pytest.fixture
def facade(aws: emulator.Emulator) -> Aws:
    return Aws(Access(endpoint_url=aws.url, keys=aws.keys))


@pytest.fixture
def environment(aws: emulator.Emulator) -> dict[str, str]:
    """The environment of a command that runs as a process."""
    return dict(os.environ) | aws.environment | {"PYTHONPATH": str(ROOT)}


@dataclasses.dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    exit: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


Run = Callable[..., Ran]
Once = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def run_in(aws: emulator.Emulator, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command on a stage of an output directory: `run_in(folder, "dev", "deploy", "--yes")`."""

    def start(folder: Path, stage: str, name: str, *arguments: str) -> Ran:
        status = main([name, stage, "--output", str(folder), *arguments])
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return start
