"""A production stage with a second region, deployed in an emulator by the scripts themselves."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn import build, config, output
from notejam_cfn.deployment import cli
from notejam_cfn.deployment.aws import Access, Aws
from notejam_cfn.rehearsal import emulator

SCRIPTS = Path(__file__).parents[3] / "scripts"
HOME, AWAY = "eu-central-1", "eu-west-1"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
IMAGE = f"123456789012.dkr.ecr.{HOME}.example.com/notejam@sha256:{'a' * 64}"


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[emulator.Emulator]:
    with emulator.running() as started:
        yield started


@pytest.fixture
def aws(running_emulator: emulator.Emulator, monkeypatch: pytest.MonkeyPatch) -> emulator.Emulator:
    running_emulator.reset()
    for name, value in running_emulator.environment.items():
        monkeypatch.setenv(name, value)
    return running_emulator


@pytest.fixture
def facade(aws: emulator.Emulator) -> Aws:
    return Aws(Access(endpoint_url=aws.url, keys=aws.keys))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `build` writes for a production stage, and one beside it."""
    folder = tmp_path_factory.mktemp("output")
    stage = {"region": HOME, "size": "resilient", "backups": {"copy_region": AWAY}}
    stages = {"prod": stage, "check": {"region": HOME, "size": "economy"}}
    project = config.parse({"project": {"name": "notejam"}, "stages": stages})
    output.write(folder, build.files(project, build.compose(project), None))
    return folder


@dataclasses.dataclass(frozen=True)
class Ran:
    """How a script ended and what it said."""

    exit: int
    said: str


@pytest.fixture
def run(aws: emulator.Emulator, built: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a script on prod: `run("restore", "--to", "latest")`."""

    def start(name: str, *arguments: str, stage: str = "prod") -> Ran:
        spec = importlib.util.spec_from_file_location(f"script_{name}", SCRIPTS / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        with pytest.raises(SystemExit) as ended:
            cli.finish(module.main, [stage, "--output", str(built), *arguments])
        captured = capsys.readouterr()
        return Ran(int(str(ended.value.code)), captured.out + captured.err)

    return start


@dataclasses.dataclass
class Vault:
    """What AWS Backup lists, which the emulator has none of."""

    points: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def holds(self, name: str, made: datetime, status: str = "COMPLETED", region: str = HOME, days: int = 35) -> str:
        arn = f"arn:aws:rds:{region}:123456789012:cluster-snapshot:{name}"
        self.points.append(
            {
                "RecoveryPointArn": arn,
                "CreationDate": made,
                "Status": status,
                "BackupSizeInBytes": 3 * 1024**3,
                "CalculatedLifecycle": {"DeleteAt": made + timedelta(days=days)},
            }
        )
        return arn


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Vault:
    made, pages = Vault(), Aws.pages

    def answered(self: Aws, service: str, region: str, method: str, **given: Any) -> Iterator[Any]:
        if method == "list_recovery_points_by_backup_vault":
            yield {"RecoveryPoints": [p for p in made.points if f":{region}:" in p["RecoveryPointArn"]]}
        else:
            yield from pages(self, service, region, method, **given)

    monkeypatch.setattr(Aws, "pages", answered)
    return made
