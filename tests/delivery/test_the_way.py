"""The way of a change through a stage: the pipeline's own commands, run one after the other against the emulator."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from notejam_cfn.build import build
from notejam_cfn.config import loader
from notejam_cfn.local import emulator

ROOT = Path(__file__).parents[2]
REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/notejam"
FIRST, SECOND, THIRD = (f"{REPOSITORY}@sha256:{letter * 64}" for letter in "abc")
ACCESS = "arn:aws:iam::123456789012:role/notejam-delivery-in-dev"
REFUSED = 4
# Stands before the real python: a stage has no containers in the emulator, so what asks it is told what WORKS says.
PYTHON = f"""#!/usr/bin/env bash
case "$*" in
  "-m notejam_cfn smoke"*) exit "$WORKS" ;;
  delivery/mark.py) exit 0 ;;
esac
exec {sys.executable} "$@"
"""


@dataclasses.dataclass
class Way:
    """A checkout in which builds run, and the account that they change."""

    folder: Path
    aws: emulator.Emulator

    def run(self, command: str, works: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        environ = {
            **self.aws.environment,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "STAGE": "dev",
            "ACCESS": ACCESS,
            "REPOSITORY_URI": REPOSITORY,
            "WORKS": "0" if works else "1",
            "CODEBUILD_BUILD_URL": "https://build.example.com/1",
            **variables,
        }
        return subprocess.run(["bash", "-c", command], cwd=self.folder, env=environ, capture_output=True, text=True)

    def become(self, kind: str) -> None:
        """Take on a role of the stage as the profile `stage`, as delivery/stage.sh lets a build do."""
        taken = self.aws.client("sts").assume_role(RoleArn=f"{ACCESS}-{kind}", RoleSessionName="build")["Credentials"]
        lines = [
            "[profile stage]",
            f"aws_access_key_id = {taken['AccessKeyId']}",
            f"aws_secret_access_key = {taken['SecretAccessKey']}",
            f"aws_session_token = {taken['SessionToken']}",
        ]
        (self.folder / "config").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def plan(self, image: str) -> tuple[str, str]:
        """Run the plan's build; return where the plan is, and its digest as CodePipeline gets to know it."""
        self.become("plan")
        document: Any = yaml.safe_load((ROOT / "delivery/plan.yml").read_text(encoding="utf-8"))
        commands = "\n".join(
            ["set -e", "rm -rf plan", *document["phases"]["build"]["commands"], 'echo "digest $DIGEST"']
        )
        ran = self.run(commands, IMAGE_URI=image)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        kept = self.folder / f"plan-{image[-1]}.json"
        (self.folder / "plan" / "plan.json").rename(kept)
        return str(kept), ran.stdout.rpartition("digest ")[2].strip()

    def deploy(self, plan: str, digest: str) -> subprocess.CompletedProcess[str]:
        self.become("deploy")
        return self.run(f"bash delivery/deploy.sh {plan}", DIGEST=digest)

    def parameter(self, layer: str, name: str) -> str:
        stack = self.aws.client("cloudformation").describe_stacks(StackName=f"notejam-dev-{layer}")["Stacks"][0]
        return next(str(one["ParameterValue"]) for one in stack["Parameters"] if one["ParameterKey"] == name)


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp("way")
    stage = {"region": "eu-central-1", "network": {"egress": "nat"}, "cdn": {"enabled": False}}
    project = loader.parse({"delivery": {"repository": "o/n"}, "stages": {"dev": stage}})
    for path, text in build.files(project, build.compose(project)).items():
        (folder / "output" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "output" / path).write_text(text, encoding="utf-8")
    (folder / "delivery").symlink_to(ROOT / "delivery")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text(PYTHON)
    (folder / "bin" / "python").chmod(0o755)
    (access,) = (one for one in build.compose(project) if one.stack.layer == "delivery-in-dev")
    with emulator.running() as aws:
        aws.deploy(access.stack.name, dict(access.body))
        yield Way(folder, aws)


def test_a_change_goes_from_plan_to_smoke_and_back_when_the_stage_does_not_work(way: Way) -> None:
    """One test, since each step stands on the one before: the first release, a stale plan, a failing smoke test."""
    plan, digest = way.plan(FIRST)
    done = way.deploy(plan, digest)
    assert done.returncode == 0, done.stdout + done.stderr
    assert way.parameter("service", "ImageUri") == FIRST
    assert (
        way.parameter("service", "RoleBoundary") == "arn:aws:iam::123456789012:policy/notejam-delivery-in-dev-boundary"
    )
    assert way.run(f"bash delivery/smoke.sh {plan}", IMAGE_URI=FIRST).returncode == 0

    second, third = way.plan(SECOND), way.plan(THIRD)
    exchanged = way.deploy(third[0], second[1])
    assert exchanged.returncode == 1
    assert "plan again" in exchanged.stderr
    assert way.deploy(*second).returncode == 0
    stale = way.deploy(*third)
    assert stale.returncode == REFUSED, stale.stdout + stale.stderr
    assert way.parameter("service", "ImageUri") == SECOND

    failed = way.run(f"bash delivery/smoke.sh {second[0]}", works=False, IMAGE_URI=SECOND)
    assert failed.returncode == 1
    assert way.parameter("service", "ImageUri") == FIRST, failed.stdout + failed.stderr
