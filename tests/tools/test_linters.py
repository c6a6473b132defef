"""The linters' table: what counts as an objection, and policies filled in so that a linter can read them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

import example_values
import linters


def test_a_failed_rule_is_one_objection_for_each_resource_or_for_the_template() -> None:
    answer = {
        "not_compliant": [
            {
                "Rule": {
                    "name": "lock_check",
                    "checks": [
                        {"path": "/Resources/A/Properties", "custom_message": " [FIX] lock\n it "},
                        {"value": {"path": "/Resources/A/Properties/X"}},
                        {"path": "/Resources/B/Properties"},
                        {"path": "/Parameters/P"},
                    ],
                }
            },
            {"Rule": {"name": "whole_check", "checks": [{"custom_message": "all of it"}]}},
        ]
    }
    found = list(linters.guard_complaints("t.yaml", answer))
    assert [(one.logical_id, one.rule, one.message) for one in found] == [
        ("A", "lock_check", "[FIX] lock it"),
        ("B", "lock_check", "[FIX] lock it"),
        ("", "whole_check", "all of it"),
    ]


@pytest.mark.parametrize(("passed", "most", "short"), [(100, 10, 0), (99, 0, 1), (500, 11, 1), (0, 11, 2)])
def test_checkov_must_look_at_enough_and_away_from_little(passed: int, most: int, short: int) -> None:
    assert len(linters.shortfalls([linters.Opinion("checkov", "1", passed, (), (), most)])) == short


def policy_of(resource: Any, **templates: Any) -> Any:
    template = {
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Logs": {"Type": "AWS::Logs::LogGroup"},
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"Policies": [{"PolicyName": "x", "PolicyDocument": {"Resource": resource}}]},
            },
        },
        "Parameters": {"Account": {"Type": "String", "AllowedPattern": r"\d{12}"}, "Name": {"Type": "String"}},
        "Outputs": {"TopicArn": {"Value": {"Ref": "Topic"}}},
    }
    ((_, document),) = example_values.policies_of(template, {"t": template, **templates})
    return document["Resource"]


@pytest.mark.parametrize(
    ("resource", "arn"),
    [
        ({"Ref": "Topic"}, "arn:aws:sns:eu-central-1:123456789012:example"),
        ({"Fn::GetAtt": ["Logs", "Arn"]}, "arn:aws:logs:eu-central-1:123456789012:log-group:example:*"),
        ({"Fn::Sub": ["${A}/${!aws:username}", {"A": {"Ref": "AWS::Partition"}}]}, "aws/${aws:username}"),
        ({"Fn::GetStackOutput": {"OutputName": "TopicArn"}}, "arn:aws:sns:eu-central-1:123456789012:example"),
        ({"Fn::Sub": "arn:aws:iam::${Account}:role/${Name}"}, "arn:aws:iam::123456789012:role/example"),
        ({"Fn::If": ["C", {"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "b"]}, "a-eu-central-1"),
    ],
)
def test_functions_become_examples_of_what_they_return(resource: Any, arn: str) -> None:
    assert policy_of(resource) == arn
