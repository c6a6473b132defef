"""Policies of people: what IAM and Identity Center ask of them. What they allow is in tests/notejam_cfn/iam."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from troposphere import encode_to_dict

from notejam_cfn.config.loader import parse, starter
from notejam_cfn.stacks import stacks_of

PEOPLE = "delivery-people"


def test_every_policy_of_people_has_a_name_for_identity_center(starter_templates: dict[str, dict[str, Any]]) -> None:
    policies = [
        resource["Properties"]
        for resource in starter_templates[PEOPLE]["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy" and resource["Properties"].get("Groups")
    ]
    assert policies
    assert all("ManagedPolicyName" in policy for policy in policies)


def test_no_policy_of_people_is_inline_or_allows_every_action(starter_templates: dict[str, dict[str, Any]]) -> None:
    resources = starter_templates[PEOPLE]["Resources"].values()
    groups = [resource for resource in resources if resource["Type"] == "AWS::IAM::Group"]
    assert len(groups) == 2
    assert not any("Policies" in group.get("Properties", {}) for group in groups)
    allowed = [
        action
        for resource in resources
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    ]
    assert "*" not in allowed
    assert not [action for action in allowed if action.endswith(":*")]


def test_a_policy_fits_what_iam_takes(starter_templates: dict[str, dict[str, Any]]) -> None:
    for path, template in starter_templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                text = json.dumps(resource["Properties"]["PolicyDocument"], separators=(",", ":"))
                held = re.sub(r'\{"Fn::Sub":"([^"]*)"\}', r'"\1"', text).replace("${AWS::AccountId}", "123456789012")
                assert len(held.replace("${AWS::Partition}", "aws-us-gov")) <= 6144, f"{path}: {name}"


def test_a_role_or_group_has_no_more_policies_than_iam_takes(starter_templates: dict[str, dict[str, Any]]) -> None:
    attached: dict[str, int] = {}
    for resource in starter_templates[PEOPLE]["Resources"].values():
        properties = resource.get("Properties", {})
        for holder in (*properties.get("Groups", []), *properties.get("Roles", [])):
            attached[holder["Ref"]] = attached.get(holder["Ref"], 0) + 1
    assert max(attached.values()) <= 10


# What people's policies were in total when whole stages could be made by developers: 18,300 characters.
MOST = 18_300 // 2


def test_policies_of_people_are_short_enough_to_be_read() -> None:
    """With a repository of CodeCommit, which takes the most, previews, and what a spent budget attaches."""
    document = tomllib.loads(starter())
    document["delivery"]["source"] = "codecommit"
    policies = [
        resource.properties["PolicyDocument"]
        for stack in stacks_of(parse(document))
        if stack.layer in (PEOPLE, "delivery-in-dev-previews")
        for resource in stack.template.resources.values()
        if resource.resource_type == "AWS::IAM::ManagedPolicy"
    ]
    assert len(policies) == 6
    assert sum(len(json.dumps(encode_to_dict(policy), separators=(",", ":"))) for policy in policies) < MOST
