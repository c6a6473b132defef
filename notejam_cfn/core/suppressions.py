"""Where a resource is right to break a rule of a linter that judges templates: the rules, the reason and the risk.

The reason stands in the resource's metadata, in the places where checkov and cfn-guard look for it and, with the risk,
where `python -m notejam_cfn suppressions` reads it. A rule whose cause can be removed gets no suppression.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

METADATA = "Suppressions"
LINTERS = ("checkov", "guard", "validate", "parliament")


@dataclasses.dataclass(frozen=True)
class Suppression:
    """Rules that a resource breaks for one reason, and what is risked by it.

    `checkov` are ids such as `CKV_AWS_18`; `guard` are names of rules as cfn-guard reports them; `validate` are ids of
    cloudformation-validate's own, which cfn-lint, that reads conditions, does not find; `parliament` are names of
    issues, with the action where one is named: `RESOURCE_MISMATCH servicequotas:GetServiceQuota`.
    """

    reason: str
    risk: str
    checkov: tuple[str, ...] = ()
    guard: tuple[str, ...] = ()
    validate: tuple[str, ...] = ()
    parliament: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, order=True)
class SuppressedRule:
    """One rule that one resource of a template is exempt from."""

    linter: str
    rule: str
    logical_id: str
    reason: str
    risk: str


TLS_IN_OTHER_WORDS = Suppression(
    reason="The policy refuses what is not over TLS; the rule knows Fn::Join only, where cfn-lint asks for Fn::Sub.",
    risk="None.",
    guard=("s3_bucket_policy_ssl_requests_only_check",),
)
KEY_OF_ANOTHER_STACK = Suppression(
    reason="Layered, the stage's key is read by Fn::GetStackOutput, a function that is newer than the rule.",
    risk="None: the group is encrypted with the stage's key.",
    guard=("cloudwatch_log_group_encrypted_check",),
)
READ_BY_ROLES_ONLY = Suppression(
    reason="Access logs go only to a bucket without a customer key; who may read here is a short list of roles.",
    risk="Who read an object is not logged until CloudTrail data events are turned on for the bucket.",
    checkov=("CKV_AWS_18",),
    guard=("s3_bucket_logging_enabled_check",),
)
"""Suppressions that several components share."""


def metadata(suppressions: Iterable[Suppression]) -> dict[str, Any]:
    """Return what a resource's metadata says of its suppressions; nothing without any.

    Sources: https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html and
    https://github.com/aws-cloudformation/aws-guard-rules-registry#suppressing-rule-evaluation
    """
    given = list(suppressions)
    skipped = [{"id": rule, "comment": one.reason} for one in given for rule in one.checkov]
    suppressed = [rule for one in given for rule in one.guard]
    written: list[dict[str, Any]] = [
        {"reason": one.reason, "risk": one.risk}
        | {linter: list(rules) for linter in LINTERS if (rules := getattr(one, linter))}
        for one in given
    ]
    return {
        **({"checkov": {"skip": skipped}} if skipped else {}),
        **({"guard": {"SuppressedRules": suppressed}} if suppressed else {}),
        **({METADATA: written} if given else {}),
    }


def suppressed_rules(template: Mapping[str, Any]) -> list[SuppressedRule]:
    """Return every suppression of a rendered template, sorted by linter and rule."""
    return sorted(
        SuppressedRule(linter, rule, logical_id, note["reason"], note["risk"])
        for logical_id, resource in template.get("Resources", {}).items()
        for note in resource.get("Metadata", {}).get(METADATA, [])
        for linter in LINTERS
        for rule in note.get(linter, [])
    )
