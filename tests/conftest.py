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

SCRIPTS = Path(__file__).parents[1] / "scripts"


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
