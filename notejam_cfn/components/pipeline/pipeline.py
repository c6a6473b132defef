"""The pipeline: source, tests and image, then stage after stage. It changes stages, and nothing of itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import Sub, codepipeline, sns

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
            codepipeline.Stages(Name="source", Actions=[source_action(source, roles)]),
            codepipeline.Stages(Name=BUILD, Actions=build_actions(builds, roles)),
            *(rollout_stage(target, builds, images, roles, topic, source.revision) for target in targets),
        ],
    )
    if source.triggers:
        pipeline.Triggers = list(source.triggers)
    template.add(pipeline, why="Takes every change from push to running containers, stage by stage.")
    arn = Sub("arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${Name}", Name=pipeline.ref())
    return Pipeline(name=pipeline.ref(), arn=arn)


def source_action(source: Source, roles: Roles) -> codepipeline.Actions:
    """Take the code."""
    kind, role = ("Source", source.provider), roles.source.get_att("Arn")
    return action(ACTION, kind, source.configuration, role, outputs=[SOURCE], namespace=ACTION)


def build_actions(builds: Builds, roles: Roles) -> list[codepipeline.Actions]:
    """Test and build the image at the same time; nothing goes on unless both succeed."""
    return [
        build(builds.projects[TEST].ref(), roles, TEST, inputs=[SOURCE]),
        build(builds.projects[IMAGE].ref(), roles, IMAGE, inputs=[SOURCE], namespace=IMAGE),
    ]


def rollout_stage(
    target: Target, builds: Builds, images: Images, roles: Roles, topic: sns.Topic, revision: str
) -> codepipeline.Stages:
    """Work out what changes, ask a person where the stage asks for that, deploy, and ask the stage whether it works.

    All of it is one stage of the pipeline: no other change gets in between the plan and what is done.
    """
    plan = f"{PLANS}_{target.name}".replace("-", "_")  # CodeBuild makes a variable of it
    given: dict[str, Value] = {
        "STAGE": target.name,
        "ACCESS": target.access.roles,
        "IMAGE_URI": "#{image.IMAGE_URI}",
        "REPOSITORY_URI": images.in_region(target.region),
    }
    planning = build(
        builds.projects[PLAN].ref(),
        roles,
        PLAN,
        inputs=[SOURCE],
        outputs=[plan],
        namespace=namespace(target),
        variables=given,
    )
    deploying = builds.deploying[target.name].ref()
    approved: dict[str, Value] = {"STEP": DEPLOY, "DIGEST": f"#{{{namespace(target)}.DIGEST}}"}
    asking: dict[str, Value] = {"STEP": SMOKE, "IMAGE_URI": "#{image.IMAGE_URI}"}
    actions = [
        planning,
        *([approval_action(target, topic, revision)] if target.approval else []),
        build(deploying, roles, DEPLOY, inputs=[SOURCE, plan], variables=approved),
        build(deploying, roles, SMOKE, inputs=[SOURCE, plan], variables=asking, category="Test"),
    ]
    for order, one in enumerate(actions, start=1):
        one.RunOrder = order
    return codepipeline.Stages(Name=target.name, Actions=actions)


def namespace(target: Target) -> str:
    """Return where the plan of a stage leaves what it found, for the other actions of the stage."""
    return f"plan-{target.name}"


def approval_action(target: Target, topic: sns.Topic, revision: str) -> codepipeline.Actions:
    """Ask a person, who is shown which revision it is, what changes, the digest of it, and where to read all of it.

    CodePipeline says which revision it is. What changes is said by the code of that revision itself.
    """
    found = namespace(target)
    configuration = {
        "CustomData": f"#{{{ACTION}.{revision}}}: #{{{found}.SUMMARY}}",
        "ExternalEntityLink": f"#{{{found}.DETAILS_URL}}",
        "NotificationArn": topic.ref(),
    }
    asked = action(APPROVE, ("Approval", "Manual"), configuration)
    asked.TimeoutInMinutes = APPROVAL_MINUTES
    return asked


def build(
    project: Value,
    roles: Roles,
    name: str,
    inputs: Sequence[str],
    outputs: Sequence[str] = (),
    namespace: str = "",
    variables: Mapping[str, Value] | None = None,
    category: str = "Build",
) -> codepipeline.Actions:
    """Run a build project. What it exports can be read as `#{namespace.NAME}`."""
    configuration: dict[str, Any] = {"ProjectName": project}
    if len(inputs) > 1:
        configuration["PrimarySource"] = inputs[0]
    if variables:
        configuration["EnvironmentVariables"] = environment(variables)
    role = roles.build.get_att("Arn")
    return action(name, (category, "CodeBuild"), configuration, role, inputs, outputs, namespace)


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
    role_arn: Value | None = None,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    namespace: str = "",
) -> codepipeline.Actions:
    """Describe an action of a category and provider, such as `("Build", "CodeBuild")`."""
    category, provider = kind
    one = codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(Category=category, Owner="AWS", Provider=provider, Version="1"),
        Configuration=configuration,
    )
    if inputs:
        one.InputArtifacts = [codepipeline.InputArtifacts(Name=artifact) for artifact in inputs]
    if outputs:
        one.OutputArtifacts = [codepipeline.OutputArtifacts(Name=artifact) for artifact in outputs]
    if role_arn is not None:
        one.RoleArn = role_arn
    if namespace:
        one.Namespace = namespace
    return one
