"""Roles of AWS services, made the same way everywhere: trusted for this account's resources, with one policy."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere import iam

from ..iam import policies


def service_role(title: str, service: str, *statements: Statement, **properties: Any) -> iam.Role:
    """Make a role that an AWS service, such as `ecs-tasks`, takes on to do what the statements allow.

    `properties` are further ones of `AWS::IAM::Role`, or attributes such as a condition. IAM refuses an empty policy,
    so a role without statements has none.
    """
    role = iam.Role(title, **properties, AssumeRolePolicyDocument=policies.assumed_by_service(service))
    if statements:
        role.Policies = [iam.Policy(PolicyName="needs", PolicyDocument=policies.policy(*statements))]
    return role
