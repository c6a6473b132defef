"""The way of changes through the pipeline: its definition, and the commands of its builds, against the emulator."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from notejam_cfn.build import build
from notejam_cfn.config import loader
from notejam_cfn.local import emulator
from tests.harness import forked
from tests.harness.code_pipeline import Busy, Execution, Pipeline, Ran

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/notejam"
FIRST, SECOND, THIRD, BROKEN = (f"{REPOSITORY}@sha256:{letter * 64}" for letter in "abcd")
STAGES = ("dev", "test", "prod")
SMALL = {"region": "eu-central-1", "size": "economy", "network": {"egress": "nat"}, "cdn": {"enabled": False}}
# Stands before the real python: a stage has no containers in the emulator, so what asks it is told that all images work
# but one.
PYTHON = """#!/bin/sh
case "$*" in
  "-m notejam_cfn smoke"*) [ "$IMAGE_URI" != "%s" ]; exit ;;
  delivery/mark.py) exit 0 ;;
esac
exec %s "$@"
"""


@dataclasses.dataclass
class Way:
    """A checkout in which builds run, and the account that they change."""

    folder: Path
    aws: emulator.Emulator
    pipeline: Pipeline

    def run(self, project: str, told: Mapping[str, str], inputs: Mapping[str, str]) -> Ran:
        """Run the commands of a project's build, in the role of the stage that this build takes on."""
        planning = project == "PlanProject"
        self._become(told["ACCESS"] if planning else f"{self._access(project)}", "plan" if planning else "deploy")
        plan = next((path for name, path in inputs.items() if name.startswith("Plan_")), "")
        given = {"ACCESS": self._access(project)} | dict(told) | {"REPOSITORY_URI": REPOSITORY}
        stage = given["ACCESS"].removesuffix("-eu-central-1").rpartition("-")[2]
        given |= {"STAGE": stage, "IMAGE_PARAMETER": f"notejam-delivery-in-{stage}-image"}
        ran = self._shell(self._planning() if planning else f'bash "delivery/$STEP.sh" {plan}', given)
        log = ran.stdout + ran.stderr
        if not planning or ran.returncode:
            return Ran(ran.returncode != 0, log, {})
        kept = self.folder / f"plan-{time.monotonic_ns()}.json"
        (self.folder / "plan" / "plan.json").rename(kept)
        exported = json.loads(ran.stdout.rpartition("exported ")[2])
        return Ran(False, log, exported, str(kept))

    def _planning(self) -> str:
        document = yaml.safe_load((ROOT / "delivery/plan.yml").read_text(encoding="utf-8"))
        exported = " ".join(document["env"]["exported-variables"])
        told = f"import json,os;print('exported',json.dumps({{n:os.environ[n] for n in '{exported}'.split()}}))"
        lines = ["set -e", "rm -rf plan", *document["phases"]["build"]["commands"], f'{sys.executable} -IS -c "{told}"']
        return "\n".join(lines)

    def _access(self, project: str) -> str:
        """What the project of a deployment is told in the template itself."""
        stage = project.removeprefix("Deploy").removesuffix("Project").lower()
        return f"arn:aws:iam::123456789012:role/notejam-delivery-in-{stage}-eu-central-1"

    def _shell(self, command: str, given: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        environ = {
            **self.aws.environment,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "CODEBUILD_BUILD_URL": "https://build.example.com/1",
            **given,
        }
        return subprocess.run(["bash", "-c", command], cwd=self.folder, env=environ, capture_output=True, text=True)

    def _become(self, access: str, kind: str) -> None:
        """Take on a role of the stage as the profile `stage`, as delivery/stage.sh lets a build do."""
        taken = self.aws.client("sts").assume_role(RoleArn=f"{access}-{kind}", RoleSessionName="build")["Credentials"]
        lines = [
            "[profile stage]",
            f"aws_access_key_id = {taken['AccessKeyId']}",
            f"aws_secret_access_key = {taken['SecretAccessKey']}",
            f"aws_session_token = {taken['SessionToken']}",
        ]
        (self.folder / "config").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def image(self, stage: str) -> str:
        stack = self.aws.client("cloudformation").describe_stacks(StackName=f"notejam-{stage}-service")["Stacks"][0]
        return next(str(one["ParameterValue"]) for one in stack["Parameters"] if one["ParameterKey"] == "ImageUri")

    def leave_stuck(self, stack: str) -> None:
        """Leave a stack behind whose creation failed, and which CloudFormation lets nobody update."""
        cloudformation = self.aws.client("cloudformation")
        topic = {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": ["none"], "PolicyDocument": {"x": 1}}}
        lacking = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 2}}
        body = json.dumps({"Resources": {"Wrong": lacking, "Topic": topic}})
        tags = [{"Key": "project", "Value": "notejam"}, {"Key": "stage", "Value": stack.split("-")[1]}]
        cloudformation.create_stack(StackName=stack, TemplateBody=body, OnFailure="ROLLBACK", Tags=tags)
        for _ in range(200):
            if self.status(stack) == "ROLLBACK_COMPLETE":
                return
            time.sleep(0.02)
        raise AssertionError(self.status(stack))

    def status(self, stack: str) -> str:
        found = self.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return str(found["StackStatus"])


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory, running_emulator: emulator.Emulator) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp("way")
    running_emulator.reset()
    stages = {name: SMALL | {"approval": name == "prod"} for name in STAGES}
    project = loader.parse({"delivery": {"repository": "o/n"}, "stages": stages})
    composed = build.compose(project)
    for path, text in build.files(project, composed).items():
        (folder / "output" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "output" / path).write_text(text, encoding="utf-8")
    (folder / "delivery").symlink_to(ROOT / "delivery")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text(PYTHON % (BROKEN, folder / "forked-python"))
    (folder / "bin" / "python").chmod(0o755)
    for one in composed:
        if one.stack.layer == "network" or one.stack.layer.startswith("delivery-in-"):
            running_emulator.deploy(one.stack.name, dict(one.body), tags=one.stack.tags)
    (delivery,) = (one for one in composed if one.stack.layer == "delivery")
    definition = delivery.body["Resources"]["Pipeline"]["Properties"]
    pipeline = Pipeline(definition, lambda *given: made.run(*given))
    made = Way(folder, running_emulator, pipeline)
    with forked.python(folder):
        yield made


def done(execution: Execution, stage: str, failed: str) -> None:
    assert failed == "", f"{stage}: {failed}: {execution.log}"


def test_changes_go_through_the_pipeline(way: Way) -> None:
    """One test, since each step stands on the one before: a first release with a stuck stack, two changes at once, a
    plan that became stale, a plan that was exchanged, and a change that does not work."""
    assert way.pipeline.stages() == list(STAGES)
    first = way.pipeline.start("1111111", FIRST)
    way.leave_stuck("notejam-test-monitoring")
    for stage in ("dev", "test"):
        done(first, stage, first.through(stage))
        assert way.image(stage) == FIRST
    assert way.status("notejam-test-monitoring").endswith("_COMPLETE")
    assert way.status("notejam-test-monitoring") != "ROLLBACK_COMPLETE"
    assert first.through("prod") == "approve"  # nobody approves: nothing is there
    with pytest.raises(way.aws.client("cloudformation").exceptions.ClientError, match="does not exist"):
        way.status("notejam-prod-service")
    done(first, "prod", first.through("prod", approve=lambda message: True))
    assert way.image("prod") == FIRST
    assert first.told[-1].startswith("1111111: prod: ")
    assert first.variables["plan-prod", "DIGEST"][:12] in first.told[-1]

    second, third = way.pipeline.start("2222222", SECOND), way.pipeline.start("3333333", THIRD)

    def decide(message: str) -> bool:
        """While a change waits for its approval, a newer one comes as far as the stage, and no further."""
        with pytest.raises(Busy):
            third.through("prod", approve=lambda message: True)
        assert way.image("prod") == FIRST
        return True

    done(second, "prod", second.through("prod", approve=decide))
    assert way.image("prod") == SECOND

    exchanged = second.artifacts["Plan_prod"]

    def meddle(message: str) -> bool:
        """Somebody exchanges the plan in the bucket while people read its summary."""
        third.artifacts["Plan_prod"] = exchanged
        return True

    assert third.through("prod", approve=meddle) == "deploy"
    assert "plan again" in third.log
    assert way.image("prod") == SECOND

    def change(message: str) -> bool:
        """An administrator takes the stage back while people read what would change."""
        (service,) = (one for one in way.pipeline.stages() if one == "prod")
        stack = f"notejam-{service}-service"
        parameters = way.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
        way.aws.client("cloudformation").update_stack(
            StackName=stack,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                one if one["ParameterKey"] != "ImageUri" else one | {"ParameterValue": FIRST} for one in parameters
            ],
        )
        for _ in range(200):
            if way.status(stack) == "UPDATE_COMPLETE" and way.image("prod") == FIRST:
                break
            time.sleep(0.02)
        return True

    assert third.through("prod", approve=change) == "deploy"  # what was planned does not fit any more
    assert way.image("prod") == FIRST
    done(third, "prod", third.through("prod", approve=lambda message: True))  # all actions again
    assert way.image("prod") == THIRD

    broken = way.pipeline.start("4444444", BROKEN)
    assert broken.through("dev") == "smoke"
    assert way.image("dev") == FIRST, broken.log
    assert broken.through("dev", only="smoke") == "smoke"
    assert "retry all actions of the stage" in broken.log
