"""Policies of people: what IAM and Identity Center ask of them. What they allow is in tests/notejam_cfn/iam."""

from __future__ import annotations

import json
from typing import Any


def test_every_policy_of_people_has_a_name_for_identity_center(starter_templates: dict[str, dict[str, Any]]) -> None:
    policies = [
        resource["Properties"]
        for resource in starter_templates["delivery"]["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy" and resource["Properties"].get("Groups")
    ]
    assert policies
    assert all("ManagedPolicyName" in policy for policy in policies)


def test_no_policy_of_people_is_inline_or_allows_every_action(starter_templates: dict[str, dict[str, Any]]) -> None:
    resources = starter_templates["delivery"]["Resources"].values()
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
    for name, resource in starter_templates["delivery"]["Resources"].items():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            text = json.dumps(resource["Properties"]["PolicyDocument"], separators=(",", ":"))
            assert len(text) <= 6144, name


def test_a_role_or_group_has_no_more_policies_than_iam_takes(starter_templates: dict[str, dict[str, Any]]) -> None:
    attached: dict[str, int] = {}
    for resource in starter_templates["delivery"]["Resources"].values():
        properties = resource.get("Properties", {})
        for holder in (*properties.get("Groups", []), *properties.get("Roles", [])):
            attached[holder["Ref"]] = attached.get(holder["Ref"], 0) + 1
    assert max(attached.values()) <= 10
