"""A stage is created, destroyed and created again, and after a creation that failed: nothing stands in its way.

What AWS leaves behind is there: logs that services write when their stack is gone, what a stack keeps, taken names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build, output
from notejam_cfn.config import loader
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.stacks import stacks_of
from tests.conftest import Ran, Run

SIZES = ("economy", "standard", "resilient")
REGION, AWAY = "eu-central-1", "eu-west-1"
IMAGE = f"123456789012.dkr-ecr.{REGION}.on.aws/notejam@sha256:{'a' * 64}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stage of each size, the largest with copies in a second region."""
    folder = tmp_path_factory.mktemp("output")
    stages: dict[str, Any] = {size: {"size": size, "region": REGION} for size in SIZES}
    stages["resilient"]["backups"] = {"copy_region": AWAY}
    project = loader.parse({"project": {"name": "notejam"}, "stages": stages})
    output.write(folder, build.files(project, build.compose(project), None))
    return folder


@pytest.fixture
def run(run_in: Callable[..., Ran], built: Path) -> Run:
    """Run a script on a stage: `run("economy", "deploy", "--yes")`."""
    return lambda stage, name, *arguments: run_in(built, stage, name, *arguments)


def up(run: Run, stage: str) -> None:
    ran = run(stage, "deploy", "--yes", "--parameter", f"ImageUri={IMAGE}")
    assert ran.exit == 0, ran.said


def down(run: Run, stage: str) -> None:
    ran = run(stage, "destroy", "--yes", "--unprotect")
    assert ran.exit == 0, ran.said


def late_logs(aws: Emulator) -> set[str]:
    """The log groups that nobody has given a time to be kept: services have made them."""
    groups = aws.client("logs", REGION).describe_log_groups()["logGroups"]
    return {each["logGroupName"].split("/")[2] for each in groups if "retentionInDays" not in each}


@pytest.mark.parametrize("size", SIZES)
def test_a_stage_can_be_created_destroyed_and_created_again(run: Run, aws: Emulator, size: str) -> None:
    up(run, size)
    assert not late_logs(aws)
    down(run, size)
    assert late_logs(aws) == {"rds", "ecs"}
    up(run, size)
    down(run, size)


# The last of what a layer creates, so that as much as can be is there when it fails. What others need fails first.
EARLY, LATE = ("DatabaseWriter", "CopyVault"), ("RegularSelection", "WebService")


def fail(run: Run, aws: Emulator, size: str, logical_ids: Iterable[str]) -> None:
    """Begin to create a stage in which these resources fail."""
    expected = [each for each in logical_ids if each != "CopyVault" or size == "resilient"]
    failures = [{"logical_id": each, "operation": "create", "reason": f"no room for {each}"} for each in expected]
    aws.set_faults(failures=failures)
    ran = run(size, "deploy", "--yes", "--parameter", f"ImageUri={IMAGE}")
    assert ran.exit != 0 and all(failure["reason"] in ran.said for failure in failures), ran.said
    aws.set_faults()


@pytest.mark.parametrize("size", SIZES)
def test_a_stage_can_be_created_after_a_creation_that_failed(run: Run, aws: Emulator, size: str) -> None:
    fail(run, aws, size, EARLY)
    if size == "resilient":
        refuse_what_is_left_of_a_protected_database(run, aws)
    down(run, size)
    fail(run, aws, size, LATE)
    assert aws.client("backup", REGION).list_backup_vaults()["BackupVaultList"] == []
    down(run, size)
    up(run, size)


def refuse_what_is_left_of_a_protected_database(run: Run, aws: Emulator) -> None:
    """It could not be rolled back, and is in the way of the next creation until a person has looked at it."""
    cloudformation = aws.client("cloudformation", REGION)
    (stack,) = cloudformation.describe_stacks(StackName="notejam-resilient-database")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_FAILED"
    ran = run("resilient", "deploy", "--yes")
    assert ran.exit == 4 and "to be deleted first" in ran.said, ran.said


def delete(aws: Emulator, name: str) -> None:
    """Delete a stack as the console does, and wait until it is gone."""
    cloudformation = aws.client("cloudformation", REGION)
    (held,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    cloudformation.delete_stack(StackName=name)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=held["StackId"], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})


@pytest.mark.parametrize("size", ["economy", "standard"])
def test_a_stage_in_one_template_can_be_created_deleted_and_created_again(
    aws: Emulator, compose: Any, size: str
) -> None:
    template = compose(size)["console"]
    for _ in range(2):
        aws.deploy("notejam-dev", template, {"ImageUri": IMAGE}, REGION)
        delete(aws, "notejam-dev")


def test_the_delivery_can_be_created_deleted_and_created_again(aws: Emulator) -> None:
    """Its repository is kept, with the code: the next one has a name of its own."""
    stages = {"dev": {"size": "economy", "region": REGION}}
    stacks = stacks_of(loader.parse({"delivery": {"source": "codecommit"}, "stages": stages}))
    (delivery,) = (stack for stack in stacks if stack.name == "notejam-delivery")
    for _ in range(2):
        aws.deploy(delivery.name, delivery.template.to_dict(), region=REGION)
        delete(aws, delivery.name)
