"""A stage's own role in force: CloudFormation makes and removes every size of stage in it, in the emulator.

Its network is there before, made by an administrator, and is changed and removed in the role.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from notejam_cfn.config import loader
from notejam_cfn.config.settings import Stage
from notejam_cfn.local import emulator
from notejam_cfn.stacks import Stack, stacks_of

ROLES = "arn:aws:iam::123456789012:role/notejam-delivery-in-prod-eu-central-1"
DIGEST = "sha256:" + "a" * 64
MEANT_TO_GO: dict[str, Any] = {
    "termination_protection": False,
    "database": {"deletion_protection": False},
    "load_balancer": {"deletion_protection": False},
}
STAGES: dict[str, dict[str, Any]] = {
    "economy": {"size": "economy"},
    "standard-without-cdn": {"size": "standard", "cdn": {"enabled": False}},
    "resilient": {"size": "resilient", "backups": {"copy_region": "eu-west-1"}},
    "resilient-without-cdn": {"size": "resilient", "cdn": {"enabled": False}},
}


def ended(client: Any, stack: str) -> str:
    """Wait until nothing happens to a stack any more, and return how it is; with what was refused, if anything."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status = str(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            break
        time.sleep(0.05)
    events = client.describe_stack_events(StackName=stack)["StackEvents"]
    refused = [one.get("ResourceStatusReason", "") for one in events if "Access denied" in str(one)]
    return " ".join([status, *refused])


def given(stack: Stack, stage: Stage) -> list[dict[str, str]]:
    host = "dkr-ecr.eu-central-1.on.aws" if stage.network.egress == "ipv6" else "dkr.ecr.eu-central-1.amazonaws.com"
    values = {
        "RoleBoundary": ROLES.replace(":role/", ":policy/") + "-boundary",
        "ImageUri": f"123456789012.{host}/notejam@{DIGEST}",
    }
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items() if k in stack.template.parameters]


@pytest.mark.parametrize("size", STAGES)
def test_a_stage_is_made_used_and_removed_in_its_own_role(aws: emulator.Emulator, size: str) -> None:
    table = MEANT_TO_GO | STAGES[size] | {"region": "eu-central-1"}
    project = loader.parse({"delivery": {"region": "eu-central-1"}, "stages": {"prod": table}})
    stacks = stacks_of(project)
    layers = [stack for stack in stacks if stack.form == "layered"]
    for stack in stacks:
        if stack.layer in ("network", "delivery-in-prod"):  # an administrator makes these
            aws.deploy(stack.name, stack.template.to_dict())
    ids = {}
    for stack in layers:
        client = aws.client("cloudformation", stack.region)
        there = stack.layer == "network"
        ids[stack.name] = (client.update_stack if there else client.create_stack)(
            StackName=stack.name,
            TemplateBody=stack.template.to_json(indent=None),
            Parameters=given(stack, project.stages[0]),
            RoleARN=f"{ROLES}-execute",
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
        )["StackId"]
        assert ended(client, stack.name) == ("UPDATE_COMPLETE" if there else "CREATE_COMPLETE"), stack.name
    assert aws.let_services_work() == []
    for stack in reversed(layers):
        client = aws.client("cloudformation", stack.region)
        client.delete_stack(StackName=stack.name, RoleARN=f"{ROLES}-execute")
        assert ended(client, ids[stack.name]) == "DELETE_COMPLETE", stack.name
