"""What an access analyzer looks for, over every template: whom roles trust, who is handed them, who may do anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Statement = dict[str, Any]
# Services that send no account of theirs with a role they take on. Source: AWS CloudFormation User Guide,
# "CloudFormation service role".
WITHOUT_SOURCE = {"cloudformation.amazonaws.com"}


def statements(templates: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, Statement]]:
    """Every policy statement: where it stands, the property that holds it, and the statement."""
    for path, template in templates.items():
        for name, resource in template["Resources"].items():
            yield from _below(f"{path}: {name}", "", resource.get("Properties", {}))


def _below(place: str, key: str, value: Any) -> Iterator[tuple[str, str, Statement]]:
    if isinstance(value, dict):
        if "Effect" in value and ("Action" in value or "NotAction" in value):
            yield place, key, value
        for name, item in value.items():
            yield from _below(place, name if name.endswith(("Policy", "Document")) else key, item)
    elif isinstance(value, list):
        for item in value:
            yield from _below(place, key, item)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowing(templates: dict[str, dict[str, Any]], trust: bool) -> list[tuple[str, Statement]]:
    return [
        (place, one)
        for place, key, one in statements(templates)
        if one["Effect"] == "Allow" and (key == "AssumeRolePolicyDocument") is trust
    ]


def keys_of(statement: Statement) -> set[str]:
    return {key for tests in statement.get("Condition", {}).values() for key in tests}


def test_there_is_something_to_look_at(starter_templates: dict[str, dict[str, Any]]) -> None:
    assert len(allowing(starter_templates, trust=True)) > 20
    assert len(allowing(starter_templates, trust=False)) > 200


def test_a_role_is_handed_by_its_name_and_to_a_named_service(starter_templates: dict[str, dict[str, Any]]) -> None:
    passing = [
        (place, one)
        for place, one in allowing(starter_templates, trust=False)
        if any(re.fullmatch(r"\*|iam:(\*|Pass.*)", action) for action in listed(one.get("Action", [])))
    ]
    assert len(passing) > 5
    for place, one in passing:
        services = [
            service
            for tests in one.get("Condition", {}).values()
            for service in listed(tests.get("iam:PassedToService", []))
        ]
        assert services, place
        assert not any(service.startswith("*") for service in services), place
        for resource in listed(one["Resource"]):
            text = json.dumps(resource)
            assert resource != "*", place
            assert ":role/*" not in text, place


def test_a_trust_admits_whom_it_names(starter_templates: dict[str, dict[str, Any]]) -> None:
    for place, one in allowing(starter_templates, trust=True):
        principal = one["Principal"]
        assert isinstance(principal, dict), place
        assert set(principal) <= {"AWS", "Service"}, place
        for service in listed(principal.get("Service", [])):
            assert "*" not in service, place
            assert service in WITHOUT_SOURCE or "aws:SourceAccount" in keys_of(one), place
        for caller in listed(principal.get("AWS", [])):
            text = json.dumps(caller)
            assert caller != "*", place
            if ":root" in text:  # an account: its roles are named by a condition
                named = json.dumps(one["Condition"]["ArnLike"]["aws:PrincipalArn"])
                assert "*" not in named.rpartition(":role/")[2], place


def test_only_refusals_say_what_they_are_not_about(starter_templates: dict[str, dict[str, Any]]) -> None:
    turned = [
        (place, one)
        for place, _, one in statements(starter_templates)
        if {"NotAction", "NotResource", "NotPrincipal"} & set(one)
    ]
    assert turned
    assert {one["Effect"] for _, one in turned} == {"Deny"}


def test_no_policy_of_a_resource_admits_everybody(starter_templates: dict[str, dict[str, Any]]) -> None:
    for place, one in allowing(starter_templates, trust=False):
        assert one.get("Principal") not in ("*", {"AWS": "*"}), place


def test_nothing_allows_a_whole_service_to_an_identity(starter_templates: dict[str, dict[str, Any]]) -> None:
    for place, one in allowing(starter_templates, trust=False):
        if "Principal" not in one:
            whole = [action for action in listed(one["Action"]) if re.fullmatch(r"\*|[\w-]+:\*", action)]
            assert whole == [], place


def test_roles_have_no_policies_of_aws_but_those_that_say_so(starter_templates: dict[str, dict[str, Any]]) -> None:
    attached = {
        json.dumps(policy)
        for template in starter_templates.values()
        for resource in template["Resources"].values()
        for policy in listed(resource.get("Properties", {}).get("ManagedPolicyArns", []))
        if ":iam::aws:" in json.dumps(policy)
    }
    assert attached
    assert {re.sub(r'.*policy/|"\}?', "", one) for one in attached} <= SERVICES_OWN


# What AWS keeps current for a service of its own, within the boundary of the stage.
SERVICES_OWN = {
    "service-role/AWSBackupServiceRolePolicyForBackup",
    "service-role/AWSBackupServiceRolePolicyForRestores",
}


DEVELOPERS = Path(__file__).parents[3] / "docs" / "developers.md"
READS = re.compile(r":(BatchGet|Describe|Get|List|View)")
# What they do is the caller's own: its shell's channel, its query, its mail, its signing in.
OF_THE_CALLER = ("ssmmessages:", "logs:StopQuery", "logs:DescribeLogGroups")


def test_what_changes_things_of_the_whole_account_is_told(starter_templates: dict[str, dict[str, Any]]) -> None:
    told = DEVELOPERS.read_text(encoding="utf-8")
    wide = {
        action
        for place, one in allowing(starter_templates, trust=False)
        if place.startswith("delivery-in-") and listed(one["Resource"]) == ["*"]
        for action in listed(one["Action"])
        if not READS.search(action) and not action.startswith(OF_THE_CALLER)
    }
    assert len(wide) > 10
    assert sorted(action for action in wide if f"`{action}`" not in told) == []
