"""The roles of the pipeline itself: its own, and two that it takes on for its actions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import iam, sns

from ...core.template import Template
from ...iam import pipeline_policies, policies
from ..service_role import role, service_role
from .artifacts import Artifacts
from .codebuild_projects import SOURCE, Builds
from .source import Source


@dataclasses.dataclass(frozen=True)
class Roles:
    """The pipeline's role and one for each kind of action; `permission` is what lets the pipeline take these on."""

    pipeline: iam.Role
    source: iam.Role
    build: iam.Role
    permission: iam.RolePolicy


def add_roles(template: Template, source: Source, artifacts: Artifacts, builds: Builds, topic: sns.Topic) -> Roles:
    """Add the pipeline's role, which takes on one of the others for each action.

    Only CodePipeline takes them on, so they may use every artifact; builds may not.
    """
    any_artifact = template.add(
        iam.ManagedPolicy(
            "AnyArtifact",
            Description="Reading and writing what the pipeline's actions hand on",
            PolicyDocument=policies.policy(*artifacts.reading("*"), *artifacts.writing("*")),
        ),
        why="Lets the pipeline hand artifacts from one action to the next.",
    )
    pipeline = template.add(
        service_role("PipelineRole", "codepipeline", managed=[any_artifact]),
        why="Lets the pipeline take on the role of each of its actions.",
    )
    sourcing = add_action_role(
        template,
        "SourceRole",
        pipeline,
        [*artifacts.reading(SOURCE), *artifacts.writing(SOURCE), *source.statements],
        "Lets the pipeline take the code.",
    )
    building = add_action_role(
        template,
        "BuildRole",
        pipeline,
        [pipeline_policies.allow_running_builds(builds.arns)],
        "Lets the pipeline run its builds.",
        [any_artifact],
    )
    permission = template.add(
        iam.RolePolicy(
            "PipelineActions",
            RoleName=pipeline.ref(),
            PolicyName="actions",
            PolicyDocument=pipeline_policies.document(
                pipeline_policies.allow_assuming([sourcing.get_att("Arn"), building.get_att("Arn")]),
                pipeline_policies.allow_publishing_to(topic.ref()),
            ),
        ),
        why="Lists the roles the pipeline may take on.",
    )
    return Roles(pipeline, sourcing, building, permission)


def add_action_role(
    template: Template,
    title: str,
    pipeline_role: iam.Role,
    statements: Sequence[Statement],
    why: str,
    more: Sequence[iam.ManagedPolicy] = (),
) -> iam.Role:
    """Add a role that the pipeline takes on for one kind of action."""
    made = role(title, pipeline_policies.assumed_by_role(pipeline_role.get_att("Arn")), *statements)
    if more:
        made.ManagedPolicyArns = [one.ref() for one in more]
    return template.add(made, why=why)
