"""What developers need for previews is allowed, in the stage's role for them; what lies beside a preview is not."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, World, of_delivery

DEV, MAKING, ENDING, STOPPING = "Developers", "in-dev-previews", "in-dev-expiry", "in-dev-budget"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{of_delivery(MAKING)}"
IN_ROLE = {"cloudformation:RoleArn": ROLE}
PREVIEW = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/notejam-dev-preview-alice/1"
DEV_STACK = PREVIEW.replace("-preview-alice", "-service")
OF_STAGE = {"aws:ResourceTag/project": "notejam", "aws:ResourceTag/stage": "dev"}
OF_PREVIEW = {**OF_STAGE, "aws:ResourceTag/preview": "alice"}
OF_PROD = {"aws:ResourceTag/project": "notejam", "aws:ResourceTag/stage": "prod"}
IN_DEV, IN_PROD = ({"ecs:subnet": [f"{stage} PrivateSubnetId1"]} for stage in ("dev", "prod"))
TO_TASKS = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
TO_CLOUDFORMATION = {"iam:PassedToService": "cloudformation.amazonaws.com"}


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{'' if service == 'iam' else REGION}:{ACCOUNT}:{rest}"


SERVICE = arn("ecs", "service/notejam-dev-service-1a2b3c4d/notejam-dev-preview-alice-WebService-1")
LISTENER = arn("elasticloadbalancing", "listener/app/notej-LoadB-1/1/1")
TARGETS = arn("elasticloadbalancing", "targetgroup/notej-WebTa-1/1")
REPOSITORY = arn("ecr", "repository/notejam-dev-previews-images-1")

Row = tuple[str, str, str, dict[str, Any]]
ALLOWED: list[Row] = [
    (DEV, "cloudformation:CreateStack", PREVIEW, IN_ROLE),
    (DEV, "cloudformation:CreateChangeSet", PREVIEW, IN_ROLE),
    (DEV, "cloudformation:ExecuteChangeSet", PREVIEW, {}),
    (DEV, "cloudformation:DeleteStack", PREVIEW, IN_ROLE),
    (DEV, "iam:PassRole", ROLE, TO_CLOUDFORMATION),
    (DEV, "ecr:PutImage", REPOSITORY, {}),
    (MAKING, "ecs:CreateService", SERVICE, IN_DEV),
    (MAKING, "ecs:UpdateService", SERVICE, {}),
    (MAKING, "elasticloadbalancing:CreateRule", LISTENER, OF_STAGE),
    (MAKING, "elasticloadbalancing:DeleteTargetGroup", TARGETS, OF_PREVIEW),
    (MAKING, "iam:PassRole", arn("iam", "role/notejam-dev-service-WebTaskRole-1"), TO_TASKS),
    (ENDING, "cloudformation:DeleteStack", PREVIEW, {}),
]
REFUSED: list[Row] = [
    (DEV, "cloudformation:CreateStack", PREVIEW, {}),
    (DEV, "cloudformation:CreateStack", PREVIEW, {"cloudformation:RoleArn": ROLE.replace("previews", "execute")}),
    (DEV, "cloudformation:CreateChangeSet", PREVIEW, {**IN_ROLE, "cloudformation:ImportResourceTypes": ["AWS::S3::B"]}),
    (DEV, "cloudformation:UpdateStack", DEV_STACK, IN_ROLE),
    (DEV, "cloudformation:DeleteStack", DEV_STACK.replace("-service", "-previews"), IN_ROLE),
    (DEV, "iam:PassRole", ROLE.replace("previews", "execute"), TO_CLOUDFORMATION),
    (DEV, "iam:PassRole", ROLE, TO_TASKS),
    (DEV, "ecr:PutImage", REPOSITORY.replace("dev-previews", "delivery"), {}),
    (MAKING, "ecs:CreateService", SERVICE, IN_PROD),
    (MAKING, "ecs:UpdateService", SERVICE.replace("dev-preview-alice", "dev-service"), {}),
    (
        MAKING,
        "ecs:CreateService",
        SERVICE.replace("dev-service", "prod-service"),
        IN_DEV,
    ),
    (MAKING, "elasticloadbalancing:CreateRule", LISTENER, OF_PROD),
    (MAKING, "elasticloadbalancing:DeleteTargetGroup", TARGETS, OF_STAGE),
    (MAKING, "elasticloadbalancing:AddTags", TARGETS, OF_STAGE),
    (MAKING, "cloudfront:CreateDistribution", "*", {}),
    (MAKING, "iam:CreateRole", arn("iam", "role/notejam-dev-preview-alice-1"), {}),
    (MAKING, "iam:PassRole", arn("iam", "role/notejam-prod-service-WebTaskRole-1"), TO_TASKS),
    (MAKING, "iam:PassRole", ROLE, TO_CLOUDFORMATION),
    (MAKING, "secretsmanager:GetSecretValue", arn("secretsmanager", "secret:SessionSecret-1"), OF_STAGE),
    (MAKING, "cloudformation:DescribeStacks", DEV_STACK.replace("dev", "prod"), {}),
    (ENDING, "cloudformation:DeleteStack", DEV_STACK, {}),
    (ENDING, "iam:PassRole", ROLE, TO_CLOUDFORMATION),
]


def named(row: Row) -> str:
    return f"{row[0]} {row[1]}"


@pytest.mark.parametrize("row", ALLOWED, ids=named)
def test_a_preview_can_be_made_changed_and_ended(world: World, row: Row) -> None:
    who, action, resource, context = row
    assert world.may(who, action, resource, context)


@pytest.mark.parametrize("row", REFUSED, ids=named)
def test_nothing_beside_a_preview_is_reached(world: World, row: Row) -> None:
    who, action, resource, context = row
    assert not world.may(who, action, resource, context)


def test_previews_ask_for_a_second_factor(world: World) -> None:
    assert not world.may(DEV, "cloudformation:CreateStack", PREVIEW, IN_ROLE, access_key=True)


def test_the_budget_attaches_one_policy_to_one_role(world: World) -> None:
    stop = {"iam:PolicyARN": arn("iam", f"policy/{of_delivery('in-dev-stop')}")}
    other = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert world.may(STOPPING, "iam:AttachRolePolicy", ROLE, stop)
    assert not world.may(STOPPING, "iam:AttachRolePolicy", ROLE, other)
    assert not world.may(STOPPING, "iam:AttachRolePolicy", ROLE.replace("previews", "execute"), stop)
