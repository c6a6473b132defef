"""Suppressions: where they stand, that each has a reason and a risk, and that there are few."""

from __future__ import annotations

import json
from typing import Any

import pytest
from troposphere import s3

from notejam_cfn import Template
from notejam_cfn.cli import main
from notejam_cfn.core.suppressions import Suppression, suppressed_rules

OPEN = Suppression(
    reason="People read it.",
    risk="Everyone can.",
    checkov=("CKV_1", "CKV_2"),
    guard=("open_check",),
    parliament=("SEEN read",),
)


def template_with(*suppressions: Suppression) -> dict[str, Any]:
    template = Template("x", tags={}, architecture="x")
    template.add(s3.Bucket("Bucket"), why="Holds pages.", suppress=suppressions)
    rendered: dict[str, Any] = template.to_dict()
    return rendered


def test_a_suppression_stands_where_each_linter_looks_for_it() -> None:
    metadata = template_with(OPEN)["Resources"]["Bucket"]["Metadata"]
    assert [one["id"] for one in metadata["checkov"]["skip"]] == ["CKV_1", "CKV_2"]
    assert metadata["checkov"]["skip"][0]["comment"] == OPEN.reason
    assert metadata["guard"] == {"SuppressedRules": ["open_check"]}


def test_a_resource_without_suppressions_says_nothing_of_them() -> None:
    assert list(template_with()["Resources"]["Bucket"]["Metadata"]) == ["com.aws.cloudformation.Context"]


def test_suppressions_are_read_back_with_reason_and_risk() -> None:
    found = suppressed_rules(template_with(OPEN))
    assert [(one.linter, one.rule) for one in found] == [
        ("checkov", "CKV_1"),
        ("checkov", "CKV_2"),
        ("guard", "open_check"),
        ("parliament", "SEEN read"),
    ]
    assert {(one.logical_id, one.reason, one.risk) for one in found} == {("Bucket", OPEN.reason, OPEN.risk)}


def test_a_template_is_exempt_from_few_rules_of_checkov(starter_templates: dict[str, dict[str, Any]]) -> None:
    for path, template in starter_templates.items():
        skipped = {one.rule for one in suppressed_rules(template) if one.linter == "checkov"}
        # Every function breaks six: tracing, reserved concurrency, dead letters, a VPC, a key of its own, signed code.
        functions = any(resource["Type"] == "AWS::Lambda::Function" for resource in template["Resources"].values())
        assert len(skipped) <= (10 if functions else 6), (path, skipped)


def test_every_suppression_says_why_and_what_is_risked(starter_templates: dict[str, dict[str, Any]]) -> None:
    for template in starter_templates.values():
        for one in suppressed_rules(template):
            assert one.reason.endswith(".") and one.risk.endswith("."), one


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["suppressions", "--stage", "dev", "--details"]) == 0
    printed = capsys.readouterr().out
    assert "why:" in printed and "risk:" in printed and "CKV_AWS_103" in printed


def test_the_command_answers_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["suppressions", "--stage", "dev", "--json"]) == 0
    exceptions = json.loads(capsys.readouterr().out)["suppressions"]
    assert all(set(one) == {"template", "linter", "rule", "logical_id", "reason", "risk"} for one in exceptions)
