"""A stage that has moved to another region, and a pipeline that has: each is made there beside what it left.

The region that is left may not answer, so its stacks stay: nothing in another region may need a name that they have.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from notejam_cfn.build import build
from notejam_cfn.cli.main import main
from notejam_cfn.config import loader
from notejam_cfn.config.settings import Project
from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.local import emulator
from notejam_cfn.stacks import stacks_of

LEFT, THERE = "eu-central-1", "eu-west-1"
ACCOUNT = "123456789012"


def project_in(stage: str, pipeline: str) -> Project:
    """A pipeline, and a stage with previews and a budget."""
    table = {"region": stage, "previews": {"enabled": True}, "monitoring": {"monthly_budget_usd": 50}}
    return loader.parse({"delivery": {"region": pipeline, "repository": "o/n"}, "stages": {"dev": table}})


@pytest.fixture
def deploy(aws: emulator.Emulator) -> Callable[[str, str], None]:
    """Deploy the delivery of a stage, and the network that it asks for. Nothing that is elsewhere goes."""

    def deployed(stage: str, pipeline: str) -> None:
        for one in stacks_of(project_in(stage, pipeline)):
            if one.layer == "network" or one.stage is None:
                aws.deploy(one.name, one.template.to_dict(), dict(one.values), one.region, tags=one.tags)

    return deployed


def build_of(aws: emulator.Emulator, region: str, name: str) -> tuple[str, dict[str, str]]:
    """The role of a build project, and what the build is told."""
    (found,) = aws.client("codebuild", region).batch_get_projects(names=[f"notejam-delivery-{name}"])["projects"]
    return found["serviceRole"], {one["name"]: one["value"] for one in found["environment"]["environmentVariables"]}


def takes_on(aws: emulator.Emulator, role_arn: str, other: str) -> bool:
    """Whether a role can take on another one."""
    try:
        aws.client_in_role("sts", role_arn).assume_role(RoleArn=other, RoleSessionName="build")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False
    return True


ROLE = f"arn:aws:iam::{ACCOUNT}:role/notejam-delivery-in-dev-"


def test_a_stage_that_moved_has_its_pipelines_roles_beside_those_it_left(
    aws: emulator.Emulator, deploy: Callable[[str, str], None]
) -> None:
    deploy(LEFT, LEFT)
    deploy(THERE, LEFT)
    role, told = build_of(aws, LEFT, "deploy-dev")
    assert told["ACCESS"] == ROLE + THERE
    assert takes_on(aws, role, f"{told['ACCESS']}-deploy")
    assert not takes_on(aws, role, f"{ROLE}{LEFT}-deploy")
    iam = aws.client("iam")
    for region in (LEFT, THERE):
        for kind in ("plan", "deploy", "execute", "previews", "expiry", "budget"):
            iam.get_role(RoleName=f"notejam-delivery-in-dev-{region}-{kind}")


def test_what_a_move_has_left_is_removed_when_its_region_answers_again(
    aws: emulator.Emulator, facade: Aws, deploy: Callable[[str, str], None], tmp_path: Path
) -> None:
    deploy(LEFT, LEFT)
    deploy(THERE, THERE)
    moved = project_in(THERE, THERE)
    for path, text in build.files(moved, build.compose(moved)).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    remove = ["destroy", "delivery", "--left", "--region", LEFT, "--yes", "--output", str(tmp_path)]
    assert main(remove) == Exit.DONE
    assert [stack.name for stack in facade.stacks(LEFT)] == ["notejam-dev-network"]
    assert len(facade.stacks(THERE)) == 5


def test_a_pipeline_that_moved_is_made_beside_the_one_it_left(
    aws: emulator.Emulator, deploy: Callable[[str, str], None]
) -> None:
    deploy(THERE, LEFT)
    deploy(THERE, THERE)
    before, _ = build_of(aws, LEFT, "deploy-dev")
    after, told = build_of(aws, THERE, "deploy-dev")
    assert takes_on(aws, after, f"{told['ACCESS']}-deploy")
    assert not takes_on(aws, before, f"{told['ACCESS']}-deploy")
