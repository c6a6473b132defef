"""Where a policy says `*`: with a reason, and only for actions that AWS's own reference narrows to no resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

cfnlint = pytest.importorskip("cfnlint")

# The reference has a resource for these that narrows nothing here. Sources: the API references of the services.
NARROWED_IN_VAIN = {
    "cloudformation:gettemplatesummary": "is asked of a template before there is a stack",
    "cloudwatch:describealarmhistory": "shows composite alarms only to who may ask everywhere",
    "cloudwatch:describealarms": "shows composite alarms only to who may ask everywhere",
    "cloudwatch:getmetricdata": "an account has one dataset, which holds all of its metrics",
    "cloudwatch:listmetrics": "an account has one dataset, which holds all of its metrics",
    "rds:describeexporttasks": "is asked by a task's own name, which is of no resource in an ARN",
    "sns:unsubscribe": "its resource is the subscription, whose ARN ends in what nobody knows beforehand",
}
Statement = dict[str, Any]


def identity_statements(templates: dict[str, dict[str, Any]]) -> Iterator[tuple[str, Statement]]:
    """The statements of roles' and people's policies, with where they stand. In a resource's own policy, `*` is it."""
    for path, template in templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"].startswith("AWS::IAM::"):
                properties = resource.get("Properties", {})
                documents = [properties.get("PolicyDocument")]
                documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
                for document in filter(None, documents):
                    yield from ((f"{path}: {name}", statement) for statement in document["Statement"])


def starred(templates: dict[str, dict[str, Any]]) -> Iterator[tuple[str, Statement]]:
    for place, statement in identity_statements(templates):
        if statement["Effect"] == "Allow" and "*" in statement["Resource"]:
            yield place, statement


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """AWS's Service Authorization Reference, as cfn-lint brings it: services, their actions, the actions' resources."""
    file = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_there_is_something_to_look_at(starter_templates: dict[str, dict[str, Any]]) -> None:
    assert len(list(starred(starter_templates))) > 20


def test_every_star_says_why_it_stands(starter_templates: dict[str, dict[str, Any]]) -> None:
    unexplained = [place for place, statement in starred(starter_templates) if "Sid" not in statement]
    assert unexplained == []


def test_no_action_with_a_star_can_be_narrowed(
    starter_templates: dict[str, dict[str, Any]], reference: dict[str, Any]
) -> None:
    narrow = {
        (place, action)
        for place, statement in starred(starter_templates)
        for action in statement["Action"]
        if action.lower() not in NARROWED_IN_VAIN
        for service, name in [action.lower().split(":")]
        if not name.endswith("*") and "Resources" in reference[service]["Actions"][name]
    }
    assert narrow == set()


def test_patterns_with_a_star_only_look(starter_templates: dict[str, dict[str, Any]]) -> None:
    patterns = {
        action for _, statement in starred(starter_templates) for action in statement["Action"] if action.endswith("*")
    }
    assert all(re.fullmatch(r"[a-z0-9-]+:(Describe|Get|List)[A-Za-z]*\*", pattern) for pattern in patterns)
