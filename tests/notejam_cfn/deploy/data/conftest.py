"""A production stage with a second region, built once, to be deployed in the emulator by the scripts themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build, output
from notejam_cfn.config import loader
from notejam_cfn.local.emulator import Emulator
from tests.conftest import Once, Ran, Run

HOME, AWAY = "eu-central-1", "eu-west-1"
IMAGE = f"123456789012.dkr.ecr.{HOME}.example.com/notejam@sha256:{'a' * 64}"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `build` writes for a production stage, and two beside it."""
    folder = tmp_path_factory.mktemp("output")
    stage = {"region": HOME, "size": "resilient", "backups": {"copy_region": AWAY}}
    beside = {"size": "economy", "region": HOME}
    stages = {"prod": stage, "check": beside, "elsewhere": beside | {"region": AWAY}}
    project = loader.parse({"project": {"name": "notejam"}, "delivery": {"region": HOME}, "stages": stages})
    output.write(folder, build.files(project, build.compose(project), None))
    return folder


@pytest.fixture
def run(run_in: Callable[..., Ran], built: Path) -> Run:
    """Run a script on prod: `run("restore", "--to", "latest")`."""

    def start(name: str, *arguments: str, stage: str = "prod") -> Ran:
        return run_in(built, stage, name, *arguments)

    return start


@pytest.fixture
def deployed(run: Run, once: Once, built: Path) -> None:
    """The production stage, up and serving."""
    deploy(run, once, built)


def deploy(run: Run, once: Once, built: Path) -> None:
    def first() -> None:
        ran = run("deploy", "--yes", "--parameter", f"ImageUri={IMAGE}")
        assert ran.exit == 0, ran.said

    once(f"prod of {built}", first)


def outputs(aws: Emulator, layer: str, region: str = HOME, stage: str = "prod") -> dict[str, str]:
    stack = aws.client("cloudformation", region).describe_stacks(StackName=f"notejam-{stage}-{layer}")["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def exports(aws: Emulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("rds").describe_export_tasks().get("ExportTasks", [])
    return found


def ended(aws: Emulator, execution: str) -> dict[str, Any]:
    """How an execution of the state machine ended."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.05)
    raise AssertionError("the execution does not end")


@pytest.fixture
def hold(aws: Emulator) -> Callable[..., str]:
    """Put a snapshot into the stage's vault, or that of its copies, and return its ARN: `hold("daily", made)`."""

    def keep(name: str, made: datetime, region: str = HOME, **more: Any) -> str:
        vault = outputs(aws, "backups" if region == HOME else "copies", region)["VaultName"]
        return aws.keep_point(vault, name, made, region, **more)

    return keep
