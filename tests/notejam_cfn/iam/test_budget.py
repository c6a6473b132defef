"""A stage's budget that is spent: AWS Budgets attaches the stop, and nobody makes a preview any more, whoever it is.

Members of the group and sessions of IAM Identity Center both make previews in the role that the stop is attached to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from notejam_cfn.local.emulator import Emulator

from .conftest import REGION, World, of_delivery
from .things import arn, delivery_policy, role, stack

MAKES = of_delivery("in-dev-previews")
MAKING, STOP = role(MAKES), delivery_policy("in-dev-stop")
# As Identity Center names the role of a permission set, which has our policies by their names.
SESSION = "AWSReservedSSO_Developer_0123456789abcdef"
IN_ROLE = {"cloudformation:RoleArn": MAKING}
CONTAINER = {"Name": "web", "Image": "rehearsal.example/notejam"}
TASK = {
    "Type": "AWS::ECS::TaskDefinition",
    "Properties": {"Family": "notejam-dev-preview-bob", "ContainerDefinitions": [CONTAINER]},
}
Client = Callable[[str], Any]
TEMPLATE = json.dumps({"Resources": {"Task": TASK}})


@pytest.fixture
def budget(deployed: Emulator) -> str:
    """The budget of dev's previews."""
    resources = deployed.client("cloudformation").describe_stack_resources(StackName="notejam-delivery-in-dev-previews")
    return next(
        one["PhysicalResourceId"] for one in resources["StackResources"] if one["LogicalResourceId"] == "Budget"
    )


@pytest.fixture
def developer(deployed: Emulator) -> Client:
    """AWS as a session of a permission set reaches it, which has the policies of developers but `mfa`."""
    iam = deployed.client("iam")
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    iam.create_role(RoleName=SESSION, AssumeRolePolicyDocument=json.dumps({"Statement": [trusted]}))
    for short in ("read", "develop", "in-dev-preview"):
        iam.attach_role_policy(RoleName=SESSION, PolicyArn=delivery_policy(short))
    key, secret, token = deployed.session(role(SESSION))
    session = boto3.Session(key, secret, token, REGION)
    return lambda service: session.client(service, endpoint_url=deployed.url)


def attached(aws: Emulator) -> list[str]:
    found = aws.client("iam").list_attached_role_policies(RoleName=MAKES)["AttachedPolicies"]
    return [one["PolicyArn"] for one in found]


def preview(client: Client) -> tuple[str, str]:
    """Make a preview's stack in the role for previews; return how it ended and what was said, and remove it."""
    cloudformation, name = client("cloudformation"), "notejam-dev-preview-bob"
    made = cloudformation.create_stack(StackName=name, TemplateBody=TEMPLATE, RoleARN=MAKING)["StackId"]
    status = ended(cloudformation, made)
    said = " ".join(
        one.get("ResourceStatusReason", "")
        for one in cloudformation.describe_stack_events(StackName=made)["StackEvents"]
    )
    cloudformation.delete_stack(StackName=name, RoleARN=MAKING)
    assert ended(cloudformation, made) == "DELETE_COMPLETE"
    return status, said


def ended(cloudformation: Any, name: str) -> str:
    for _ in range(500):
        status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.02)
    raise AssertionError(status)


def test_a_budget_that_is_not_spent_stops_nobody(deployed: Emulator, budget: str, developer: Client) -> None:
    assert deployed.spend(budget, 1) == []
    assert STOP not in attached(deployed)
    assert preview(developer)[0] == "CREATE_COMPLETE"


def test_a_spent_budget_stops_new_previews_and_nothing_else(deployed: Emulator, budget: str, developer: Client) -> None:
    assert deployed.spend(budget, 1_000_000) == []
    assert STOP in attached(deployed)
    for who in (developer, deployed.client):  # whoever began it, CloudFormation works in the role for previews
        status, said = preview(who)  # a stack that failed is still removed
        assert status == "ROLLBACK_COMPLETE"
        assert "ecs:RegisterTaskDefinition" in said and "BudgetIsSpent" in said, said
    assert developer("cloudformation").describe_stacks(StackName="notejam-dev-network")["Stacks"]
    assert developer("logs").describe_log_groups()["logGroups"]


def test_a_member_of_the_group_works_in_the_same_role_and_in_no_other(world: World) -> None:
    """So the stop counts for members too, while what they read is allowed to them and not to the role."""
    made = stack("dev-preview-bob")
    assert world.may("Developers", "cloudformation:CreateStack", made, IN_ROLE)
    assert not world.may("Developers", "cloudformation:CreateStack", made, {})
    assert not world.may("Developers", "logs:CreateLogGroup", arn("logs", "log-group:notejam-dev-preview-bob"))
    assert world.may("Developers", "cloudformation:DescribeStacks", stack("dev-service"))


def test_a_budget_whose_role_may_not_attach_the_policy_says_so(deployed: Emulator, budget: str) -> None:
    iam, acting = deployed.client("iam"), of_delivery("in-dev-budget")
    iam.delete_role_policy(RoleName=acting, PolicyName="needs")
    (refused,) = deployed.spend(budget, 1_000_000)
    assert refused.startswith(f"iam:AttachRolePolicy on {MAKING}")
    assert STOP not in attached(deployed)
