"""What tests of whole programs share: one emulator, empty for each test, and the scripts run in it as a person does."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from notejam_cfn.cli.operate import session
from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.local import emulator
from tests.harness.leftovers import adopt_orphans, left_over

SCRIPTS = Path(__file__).parents[1] / "scripts"


LEFT: list[str] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    adopt_orphans()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when a test left a process behind. With pytest-xdist, each worker tells of its own."""
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
    return running_emulator


@pytest.fixture
def facade(aws: emulator.Emulator) -> Aws:
    return Aws(Access(endpoint_url=aws.url, keys=aws.keys))


@pytest.fixture
def environment(aws: emulator.Emulator) -> dict[str, str]:
    """The environment of a script that runs as a process."""
    return dict(os.environ) | aws.environment | {"PYTHONPATH": str(SCRIPTS.parent)}


@dataclasses.dataclass(frozen=True)
class Ran:
    """How a script ended and what it said."""

    exit: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


Run = Callable[..., Ran]


@pytest.fixture
def script() -> Callable[[str], ModuleType]:
    """Import a script by name."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"script_{name}", SCRIPTS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def run_in(
    aws: emulator.Emulator, script: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run a script on a stage of an output directory: `run_in(folder, "dev", "deploy", "--yes")`."""

    def start(folder: Path, stage: str, name: str, *arguments: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            session.finish(script(name).main, [stage, "--output", str(folder), *arguments])
        captured = capsys.readouterr()
        return Ran(int(str(ended.value.code)), captured.out, captured.err)

    return start
