"""Roles, made the same way everywhere: whom they trust, and one policy. AWS services act for this account only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import PolicyDocument, Statement
from troposphere import iam

from ..iam import policies


def service_role(title: str, service: str, *statements: Statement, **properties: Any) -> iam.Role:
    """Make a role that an AWS service, such as `ecs-tasks`, takes on to do what the statements allow."""
    return role(title, policies.assumed_by_service(service), *statements, **properties)


def role(
    title: str,
    trust: PolicyDocument,
    *statements: Statement,
    managed: Sequence[iam.ManagedPolicy] = (),
    policy_name: str = "needs",
    **properties: Any,
) -> iam.Role:
    """Make a role that those whom a policy trusts take on to do what the statements and managed policies allow.

    `properties` are further ones of `AWS::IAM::Role`, or attributes such as a condition. IAM refuses an empty policy,
    so a role without statements has none.
    """
    made = iam.Role(title, **properties, AssumeRolePolicyDocument=trust)
    if managed:
        made.ManagedPolicyArns = [one.ref() for one in managed]
    if statements:
        made.Policies = [iam.Policy(PolicyName=policy_name, PolicyDocument=policies.policy(*statements))]
    return made
