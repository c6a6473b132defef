"""The roles CloudFormation takes on to change stages: it can create what their templates contain, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import iam

from ...core.template import Template, component
from ...core.values import Value
from ...iam import pipeline_policies, policies
from .artifacts import Artifacts


@dataclasses.dataclass(frozen=True)
class DeployRole:
    """What changes stages: `action_role_arn` asks CloudFormation to, and hands it `execution_role_arn` to do so."""

    action_role_arn: Value
    execution_role_arn: Value


@component("execution-role")
def add_execution_role(template: Template, title: str, why: str) -> iam.Role:
    """Add a role that CloudFormation takes on. It may do nothing until `add_permissions` says what."""
    return template.add(
        iam.Role(title, AssumeRolePolicyDocument=pipeline_policies.assumed_by_cloudformation()), why=why
    )


@component("permissions")
def add_permissions(template: Template, title: str, roles: Sequence[iam.Role], statements: Sequence[Statement]) -> None:
    """Give CloudFormation's roles what it needs, in as few managed policies as hold it."""
    for number, document in enumerate(pipeline_policies.in_policies(statements), start=1):
        template.add(
            iam.ManagedPolicy(
                f"{title}{number}",
                Description="What CloudFormation needs for the types in the templates; derived from their schemas",
                PolicyDocument=policies.policy(*document),
                Roles=[role.ref() for role in roles],
            ),
            why="Lets CloudFormation make what the templates contain, and nothing else.",
        )


def add_action_role(
    template: Template,
    title: str,
    pipeline_role: iam.Role,
    artifacts: Artifacts,
    statements: Sequence[Statement],
    why: str,
) -> iam.Role:
    """Add a role that the pipeline takes on for one kind of action."""
    return template.add(
        iam.Role(
            title,
            AssumeRolePolicyDocument=pipeline_policies.assumed_by_roles([pipeline_role.get_att("Arn")]),
            ManagedPolicyArns=[artifacts.policy_arn],
            Policies=[iam.Policy(PolicyName="needs", PolicyDocument=policies.policy(*statements))],
        ),
        why=why,
    )
