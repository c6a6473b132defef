"""A stage's budget that is spent: AWS Budgets attaches the stop, and nobody makes a preview any more, whoever it is.

Members of the group and sessions of IAM Identity Center both make previews in the role that the stop is attached to.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

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
def budget(world: World) -> Iterator[str]:
    """The budget of dev's previews. What it attached is taken off again, as an administrator does."""
    resources = world.aws.client("cloudformation").describe_stack_resources(
        StackName="notejam-delivery-in-dev-previews"
    )
    yield next(one["PhysicalResourceId"] for one in resources["StackResources"] if one["LogicalResourceId"] == "Budget")
    if STOP in attached(world):
        world.aws.client("iam").detach_role_policy(RoleName=MAKES, PolicyArn=STOP)


@pytest.fixture(scope="module")
def developer(world: World) -> Iterator[Client]:
    """AWS as a session of a permission set reaches it, which has the policies of developers but `mfa`."""
    iam = world.aws.client("iam")
    trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    iam.create_role(RoleName=SESSION, AssumeRolePolicyDocument=json.dumps({"Statement": [trusted]}))
    policies = [delivery_policy(short) for short in ("read", "develop", "in-dev-preview")]
    for one in policies:
        iam.attach_role_policy(RoleName=SESSION, PolicyArn=one)
    key, secret, token = world.aws.session(role(SESSION))
    session = boto3.Session(key, secret, token, REGION)
    yield lambda service: session.client(service, endpoint_url=world.aws.url)
    for one in policies:
        iam.detach_role_policy(RoleName=SESSION, PolicyArn=one)
    iam.delete_role(RoleName=SESSION)


def attached(world: World) -> list[str]:
    found = world.aws.client("iam").list_attached_role_policies(RoleName=MAKES)["AttachedPolicies"]
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


def test_a_budget_that_is_not_spent_stops_nobody(world: World, budget: str, developer: Client) -> None:
    assert world.aws.spend(budget, 1) == []
    assert STOP not in attached(world)
    assert preview(developer)[0] == "CREATE_COMPLETE"


def test_a_spent_budget_stops_new_previews_and_nothing_else(world: World, budget: str, developer: Client) -> None:
    assert world.aws.spend(budget, 1_000_000) == []
    assert STOP in attached(world)
    for who in (developer, world.aws.client):  # whoever began it, CloudFormation works in the role for previews
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


def test_a_budget_whose_role_may_not_attach_the_policy_says_so(world: World, budget: str) -> None:
    iam, acting = world.aws.client("iam"), of_delivery("in-dev-budget")
    allowed = iam.get_role_policy(RoleName=acting, PolicyName="needs")["PolicyDocument"]
    iam.delete_role_policy(RoleName=acting, PolicyName="needs")
    try:
        (refused,) = world.aws.spend(budget, 1_000_000)
    finally:
        iam.put_role_policy(RoleName=acting, PolicyName="needs", PolicyDocument=json.dumps(allowed))
    assert refused.startswith(f"iam:AttachRolePolicy on {MAKING}")
    assert STOP not in attached(world)
