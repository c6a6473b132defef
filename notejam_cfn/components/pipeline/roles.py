"""The roles of the pipeline: its own, and one for each kind of action, which it takes on for that action only."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from troposphere import iam, sns

from ...core.template import Template
from ...core.values import Value
from ...iam import pipeline_policies, policies
from .artifacts import Artifacts
from .codebuild_projects import Builds
from .deploy_roles import DeployRole, add_action_role
from .source import Source


@dataclasses.dataclass(frozen=True)
class Roles:
    """A role for each kind of action."""

    pipeline: iam.Role
    source: iam.Role
    build: iam.Role
    own: DeployRole


def add_roles(
    template: Template,
    source: Source,
    artifacts: Artifacts,
    builds: Builds,
    own_stacks: Sequence[str],
    own_role_arn: Value,
) -> Roles:
    """Add the pipeline's role, which takes on one of the others for each action, and those for source and build."""
    pipeline = template.add(
        iam.Role(
            "PipelineRole",
            AssumeRolePolicyDocument=policies.assumed_by_service("codepipeline"),
            ManagedPolicyArns=[artifacts.policy_arn],
        ),
        why="Lets the pipeline take on the role of each of its actions.",
    )
    sourcing = add_action_role(
        template, "SourceRole", pipeline, artifacts, source.statements, "Lets the pipeline take the code."
    )
    building = add_action_role(
        template,
        "BuildRole",
        pipeline,
        artifacts,
        [pipeline_policies.allow_running_builds(builds.arns)],
        "Lets the pipeline run its builds.",
    )
    updating = add_action_role(
        template,
        "OwnUpdateRole",
        pipeline,
        artifacts,
        [
            pipeline_policies.allow_changing_stacks(own_stacks),
            pipeline_policies.allow_passing([own_role_arn], "cloudformation"),
        ],
        "Lets the pipeline update its own stack.",
    )
    return Roles(pipeline, sourcing, building, DeployRole(updating.get_att("Arn"), own_role_arn))


def allow_taking_on(
    template: Template, roles: Roles, deployers: Iterable[DeployRole], topic: sns.Topic
) -> iam.RolePolicy:
    """Let the pipeline take on the roles of its actions, once all of them are known; it starts when it is made."""
    own = [roles.source.get_att("Arn"), roles.build.get_att("Arn"), roles.own.action_role_arn]
    arns = [*own, *(deployer.action_role_arn for deployer in deployers)]
    return template.add(
        iam.RolePolicy(
            "PipelineActions",
            RoleName=roles.pipeline.ref(),
            PolicyName="actions",
            PolicyDocument=pipeline_policies.document(
                pipeline_policies.allow_assuming(arns),
                pipeline_policies.allow_publishing_to(topic.ref()),
            ),
        ),
        why="Lists the roles the pipeline may take on.",
    )
