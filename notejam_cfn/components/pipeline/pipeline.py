"""The pipeline: source, tests and image, then stage after stage. It changes stages, and nothing of itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import Sub, codebuild, codepipeline, iam, sns

from ...core.template import Template, component
from ...core.values import Value, described
from .artifacts import Artifacts
from .codebuild_projects import IMAGE, PLANS, SOURCE, TEST, Builds, Images, Target
from .roles import Roles
from .source import ACTION, Source
from .stage_access import DEPLOY, PLAN

BUILD, APPROVE, SMOKE = "build", "approve", "smoke"
# A stage that waits for a person lets no newer change in; after a day that one has its turn.
APPROVAL_MINUTES = 24 * 60


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """The pipeline, for those who watch, start and approve it."""

    name: Value = described("The pipeline")
    arn: Value = described("ARN of the pipeline")


@component("pipeline")
def add_pipeline(
    template: Template,
    targets: Sequence[Target],
    source: Source,
    artifacts: Artifacts,
    builds: Builds,
    images: Images,
    roles: Roles,
    topic: sns.Topic,
) -> Pipeline:
    """Add the pipeline. It runs as soon as it is made, so the permission to take on its actions' roles comes before it.

    A newer change overtakes one that waits: with many developers the latest state is what is worth rolling out. It
    enters a stage when the one before has left it, and is planned then: what was planned is still so when it is done.
    """
    sourcing = action(
        ACTION, ("Source", source.provider), source.configuration, roles.source, outputs=[SOURCE], namespace=ACTION
    )
    # At the same time; nothing goes on unless both succeed.
    testing = build(builds.projects[TEST], roles, TEST, inputs=[SOURCE])
    imaging = build(builds.projects[IMAGE], roles, IMAGE, inputs=[SOURCE], namespace=IMAGE)
    pipeline = codepipeline.Pipeline(
        "Pipeline",
        PipelineType="V2",
        ExecutionMode="SUPERSEDED",
        RestartExecutionOnUpdate=False,
        RoleArn=roles.pipeline.get_att("Arn"),
        DependsOn=roles.permission.title,
        ArtifactStore=codepipeline.ArtifactStore(
            Type="S3",
            Location=artifacts.bucket_name,
            EncryptionKey=codepipeline.EncryptionKey(Id=artifacts.key_arn, Type="KMS"),
        ),
        Stages=[
            codepipeline.Stages(Name="source", Actions=[sourcing]),
            codepipeline.Stages(Name=BUILD, Actions=[testing, imaging]),
            *(rollout_stage(target, builds, images, roles, topic, source.revision) for target in targets),
        ],
    )
    if source.triggers:
        pipeline.Triggers = list(source.triggers)
    template.add(pipeline, why="Takes every change from push to running containers, stage by stage.")
    arn = Sub("arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${Name}", Name=pipeline.ref())
    return Pipeline(name=pipeline.ref(), arn=arn)


def rollout_stage(
    target: Target, builds: Builds, images: Images, roles: Roles, topic: sns.Topic, revision: str
) -> codepipeline.Stages:
    """Work out what changes, ask a person where the stage asks for that, deploy, and ask the stage whether it works.

    All of it is one stage of the pipeline: no other change gets in between the plan and what is done. The plan leaves
    what it found in its namespace, for the other actions.
    """
    plan = f"{PLANS}_{target.name}".replace("-", "_")  # CodeBuild makes a variable of it
    found = f"plan-{target.name}"
    given: dict[str, Value] = {
        "STAGE": target.name,
        "ACCESS": target.access.roles,
        "IMAGE_URI": "#{image.IMAGE_URI}",
        "REPOSITORY_URI": images.in_region(target.region),
    }
    deploying, both = builds.deploying[target.name], [SOURCE, plan]
    actions = [
        build(builds.projects[PLAN], roles, PLAN, [SOURCE], outputs=[plan], namespace=found, variables=given),
        *([approval_action(found, topic, revision)] if target.approval else []),
        build(deploying, roles, DEPLOY, both, variables={"STEP": DEPLOY, "DIGEST": f"#{{{found}.DIGEST}}"}),
        build(
            deploying,
            roles,
            SMOKE,
            both,
            variables={"STEP": SMOKE, "IMAGE_URI": "#{image.IMAGE_URI}"},
            category="Test",
        ),
    ]
    for order, one in enumerate(actions, start=1):
        one.RunOrder = order
    return codepipeline.Stages(Name=target.name, Actions=actions)


def approval_action(found: str, topic: sns.Topic, revision: str) -> codepipeline.Actions:
    """Ask a person, who is shown which revision it is, what changes, the digest of it, and where to read all of it.

    CodePipeline says which revision it is. What changes is said by the code of that revision itself.
    """
    configuration = {
        "CustomData": f"#{{{ACTION}.{revision}}}: #{{{found}.SUMMARY}}",
        "ExternalEntityLink": f"#{{{found}.DETAILS_URL}}",
        "NotificationArn": topic.ref(),
    }
    asked = action(APPROVE, ("Approval", "Manual"), configuration)
    asked.TimeoutInMinutes = APPROVAL_MINUTES
    return asked


def build(
    project: codebuild.Project,
    roles: Roles,
    name: str,
    inputs: Sequence[str],
    outputs: Sequence[str] = (),
    namespace: str = "",
    variables: Mapping[str, Value] | None = None,
    category: str = "Build",
) -> codepipeline.Actions:
    """Run a build project. What it exports can be read as `#{namespace.NAME}`."""
    configuration: dict[str, Any] = {"ProjectName": project.ref()}
    if len(inputs) > 1:
        configuration["PrimarySource"] = inputs[0]
    if variables:
        configuration["EnvironmentVariables"] = environment(variables)
    return action(name, (category, "CodeBuild"), configuration, roles.build, inputs, outputs, namespace)


def environment(variables: Mapping[str, Value]) -> Value:
    """Return variables as the JSON text CodeBuild actions take."""
    known = {name: value for name, value in variables.items() if isinstance(value, str)}
    resolved: dict[str, Any] = {name: value for name, value in variables.items() if name not in known}
    entries = [{"name": name, "value": known.get(name, f"${{{name}}}")} for name in variables]
    text = json.dumps(entries, separators=(",", ":"))
    return Sub(text, resolved) if resolved else text


def action(
    name: str,
    kind: tuple[str, str],
    configuration: dict[str, Any],
    role: iam.Role | None = None,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    namespace: str = "",
) -> codepipeline.Actions:
    """Describe an action of a category and provider, such as `("Build", "CodeBuild")`."""
    category, provider = kind
    given: dict[str, Any] = {
        "InputArtifacts": [codepipeline.InputArtifacts(Name=artifact) for artifact in inputs],
        "OutputArtifacts": [codepipeline.OutputArtifacts(Name=artifact) for artifact in outputs],
        "RoleArn": role and role.get_att("Arn"),
        "Namespace": namespace,
    }
    return codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(Category=category, Owner="AWS", Provider=provider, Version="1"),
        Configuration=configuration,
        **{key: value for key, value in given.items() if value},
    )
