"""The pipeline: source, build, its own update, then stage after stage."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from troposphere import Region, Sub, codepipeline, iam, sns

from ...core import names
from ...core.template import Template, component
from ...core.values import Value, described
from .artifacts import Artifacts
from .codebuild_projects import IMAGE, PLAN, SMOKE, TEST, Builds
from .deploy_roles import DeployRole
from .roles import Roles
from .source import ACTION, Source

SOURCE, TEMPLATES = "Source", "Templates"
BUILD = "build"
CHANGE_SET = "pipeline"
APPROVAL_MINUTES = 7 * 24 * 60
OWN_STAGE = "pipeline"


@dataclasses.dataclass(frozen=True)
class Layer:
    """A stack the pipeline deploys. `template` is its file within the templates' artifact.

    `region` is empty for the pipeline's own.
    """

    name: str
    stack_name: str
    template: str
    capabilities: Sequence[str] = ()
    region: str = ""


@dataclasses.dataclass(frozen=True)
class OwnStack:
    """A stack of the delivery itself: its template's name, its own, and its region when that is another one.

    One that is `configured` has a file of parameters beside its template.
    """

    layer: str
    name: str
    region: str = ""
    configured: bool = False


@dataclasses.dataclass(frozen=True)
class Rollout:
    """One stage's turn: its layers in order, who deploys them, and whether a person is asked first.

    `images` is the repository of its region, when that is not the pipeline's, and `build_role` what builds take on to
    look at it, when it is in another account.
    """

    stage: str
    layers: Sequence[Layer]
    deployer: DeployRole
    approval: bool = False
    images: Value | None = None
    build_role: Value | None = None


@dataclasses.dataclass(frozen=True)
class Pipeline:
    """The pipeline, for those who watch, start and approve it."""

    name: Value = described("The pipeline")
    arn: Value = described("ARN of the pipeline")


@component("pipeline")
def add_pipeline(
    template: Template,
    rollouts: Sequence[Rollout],
    own: Sequence[OwnStack],
    source: Source,
    artifacts: Artifacts,
    builds: Builds,
    roles: Roles,
    permission: iam.RolePolicy,
    topic: sns.Topic,
    stores: Mapping[str, Artifacts],
) -> Pipeline:
    """Add the pipeline. `stores` are the artifact buckets of the other regions it deploys to.

    It runs as soon as it is made, so `permission` to take on its actions' roles comes before it.

    A newer change overtakes one that waits: with many developers the latest state is what is worth rolling out.
    """
    pipeline = codepipeline.Pipeline(
        "Pipeline",
        PipelineType="V2",
        ExecutionMode="SUPERSEDED",
        RestartExecutionOnUpdate=True,
        RoleArn=roles.pipeline.get_att("Arn"),
        DependsOn=permission.title,
        Stages=[
            codepipeline.Stages(Name="source", Actions=[source_action(source, roles)]),
            codepipeline.Stages(Name=BUILD, Actions=build_actions(builds, roles)),
            codepipeline.Stages(Name=OWN_STAGE, Actions=own_updates(own, roles.own)),
            *(stage for rollout in rollouts for stage in rollout_stages(rollout, builds, roles, topic)),
        ],
    )
    store(pipeline, artifacts, stores)
    if source.triggers:
        pipeline.Triggers = list(source.triggers)
    template.add(pipeline, why="Takes every change from push to running containers, stage by stage.")
    arn = Sub("arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:${Name}", Name=pipeline.ref())
    return Pipeline(name=pipeline.ref(), arn=arn)


def store(pipeline: codepipeline.Pipeline, artifacts: Artifacts, others: Mapping[str, Artifacts]) -> None:
    """Name the bucket of artifacts, or one for each region when the pipeline deploys to several."""
    if not others:
        pipeline.ArtifactStore = artifact_store(artifacts)
        return
    regions: list[tuple[Value, Artifacts]] = [(Region, artifacts), *others.items()]
    pipeline.ArtifactStores = [
        codepipeline.ArtifactStoreMap(Region=region, ArtifactStore=artifact_store(bucket)) for region, bucket in regions
    ]


def artifact_store(artifacts: Artifacts) -> codepipeline.ArtifactStore:
    """Describe a bucket of artifacts and its key."""
    key = codepipeline.EncryptionKey(Id=artifacts.key_arn, Type="KMS")
    return codepipeline.ArtifactStore(Type="S3", Location=artifacts.bucket_name, EncryptionKey=key)


def source_action(source: Source, roles: Roles) -> codepipeline.Actions:
    """Take the code."""
    return action(
        ACTION,
        ("Source", source.provider),
        source.configuration,
        roles.source.get_att("Arn"),
        outputs=[SOURCE],
    )


def build_actions(builds: Builds, roles: Roles) -> list[codepipeline.Actions]:
    """Test and build the image at the same time; nothing goes on unless both succeed."""
    return [
        build(builds, roles, TEST, "test", inputs=[SOURCE], outputs=[TEMPLATES]),
        build(builds, roles, IMAGE, "image", inputs=[SOURCE], namespace="image"),
    ]


def own_updates(own: Sequence[OwnStack], deployer: DeployRole) -> list[codepipeline.Actions]:
    """Update the delivery's own stacks, the pipeline's last; when that changes it, CodePipeline starts it again."""
    return in_order([own_update(stack, deployer) for stack in own])


def own_update(stack: OwnStack, deployer: DeployRole) -> codepipeline.Actions:
    """Update one of the delivery's own stacks. A parameter that is not given would get its default again."""
    configuration = {
        "ActionMode": "CREATE_UPDATE",
        "StackName": stack.name,
        "TemplatePath": f"{TEMPLATES}::{stack.layer}.yaml",
        "Capabilities": "CAPABILITY_NAMED_IAM",
        "RoleArn": deployer.execution_role_arn,
    }
    if stack.configured:
        configuration["TemplateConfiguration"] = f"{TEMPLATES}::{names.parameters_of(stack.layer)}"
    kind = ("Deploy", "CloudFormation")
    return in_region(
        action(stack.layer, kind, configuration, deployer.action_role_arn, inputs=[TEMPLATES]), stack.region
    )


def in_region(one: codepipeline.Actions, region: str) -> codepipeline.Actions:
    """Let an action work in a region; empty is the pipeline's own."""
    if region:
        one.Region = region
    return one


def in_order(actions: list[codepipeline.Actions]) -> list[codepipeline.Actions]:
    """Let actions of a stage run one after the other."""
    for order, one in enumerate(actions, start=1):
        one.RunOrder = order
    return actions


def rollout_stages(rollout: Rollout, builds: Builds, roles: Roles, topic: sns.Topic) -> list[codepipeline.Stages]:
    """Return a stage's turn. With an approval it is three: work out what changes, ask if anything does, deploy.

    Deploying stands alone, so that taking it back after a failure asks nobody: it deploys what it deployed before.
    """
    planning = plan_action(rollout, builds, roles)
    if not rollout.approval:
        return [deploy_stage(rollout, builds, roles, first=[planning])]
    return [
        codepipeline.Stages(Name=f"{rollout.stage}-plan", Actions=[planning]),
        codepipeline.Stages(
            Name=f"{rollout.stage}-approval",
            Actions=[approval_action(rollout, topic)],
            BeforeEntry=only_when_changed(rollout),
        ),
        deploy_stage(rollout, builds, roles),
    ]


def only_when_changed(rollout: Rollout) -> codepipeline.BeforeEntryConditions:
    """Skip the stage when the plan found nothing to change.

    Source: AWS CodePipeline User Guide, "VariableCheck": a skip needs a rule that reads a variable.
    """
    rule = codepipeline.RuleDeclaration(
        Name="changed",
        RuleTypeId=codepipeline.RuleTypeId(Category="Rule", Owner="AWS", Provider="VariableCheck", Version="1"),
        Configuration={"Variable": f"#{{{rollout.stage}.CHANGED}}", "Operator": "EQ", "Value": "yes"},
    )
    return codepipeline.BeforeEntryConditions(Conditions=[codepipeline.Condition(Result="SKIP", Rules=[rule])])


def deploy_stage(
    rollout: Rollout, builds: Builds, roles: Roles, first: Sequence[codepipeline.Actions] = ()
) -> codepipeline.Stages:
    """Deploy layer after layer, then ask the stage whether it works. A failure takes the stage back.

    Each layer's change set is made when the layers below are done, since it reads their outputs.
    """
    actions = [*first]
    for layer in rollout.layers:
        actions += [change_action(rollout, layer), execute_action(rollout, layer)]
    actions.append(smoke_action(rollout, builds, roles))
    return codepipeline.Stages(
        Name=rollout.stage, Actions=in_order(actions), OnFailure=codepipeline.FailureConditions(Result="ROLLBACK")
    )


def plan_name(rollout: Rollout) -> str:
    """Name the artifact that holds a stage's parameters in force, by layer."""
    return f"{rollout.stage}-plan"


def plan_action(rollout: Rollout, builds: Builds, roles: Roles) -> codepipeline.Actions:
    """Read the parameters in force, and work out what would change."""
    variables: dict[str, Value] = {
        "STAGE": rollout.stage,
        "IMAGE_URI": "#{image.IMAGE_URI}",
        "EXECUTION_ROLE_ARN": rollout.deployer.execution_role_arn,
    }
    if rollout.images is not None:
        variables["REPOSITORY_URI"] = rollout.images
    return build(
        builds,
        roles,
        PLAN,
        "plan",
        inputs=[SOURCE, TEMPLATES],
        outputs=[plan_name(rollout)],
        namespace=rollout.stage,
        variables=variables | access(rollout),
    )


def approval_action(rollout: Rollout, topic: sns.Topic) -> codepipeline.Actions:
    """Ask a person, who is shown the summary of what changes and where to read all of it."""
    configuration = {
        "CustomData": f"#{{{rollout.stage}.SUMMARY}}",
        "ExternalEntityLink": f"#{{{rollout.stage}.DETAILS_URL}}",
        "NotificationArn": topic.ref(),
    }
    asked = action("approve", ("Approval", "Manual"), configuration)
    asked.TimeoutInMinutes = APPROVAL_MINUTES
    return asked


def change_action(rollout: Rollout, layer: Layer) -> codepipeline.Actions:
    """Create a layer's change set, with the parameters in force and, where it takes one, the new image.

    CodePipeline gives a parameter that is not named its default, not the value in force: hence the plan's files.
    Source: aws-cloudformation/cloudformation-coverage-roadmap issue 1789.
    """
    configuration = {
        "ActionMode": "CHANGE_SET_REPLACE",
        "StackName": layer.stack_name,
        "ChangeSetName": CHANGE_SET,
        "TemplatePath": f"{TEMPLATES}::{layer.template}",
        "TemplateConfiguration": f"{plan_name(rollout)}::{layer.name}.json",
        "RoleArn": rollout.deployer.execution_role_arn,
    }
    if layer.capabilities:
        configuration["Capabilities"] = ",".join(layer.capabilities)
    return deploy_action(rollout, layer, "-changes", configuration, inputs=[TEMPLATES, plan_name(rollout)])


def execute_action(rollout: Rollout, layer: Layer) -> codepipeline.Actions:
    """Execute a layer's change set; one without changes succeeds at once."""
    configuration = {"ActionMode": "CHANGE_SET_EXECUTE", "StackName": layer.stack_name, "ChangeSetName": CHANGE_SET}
    return deploy_action(rollout, layer, "", configuration)


def deploy_action(
    rollout: Rollout, layer: Layer, suffix: str, configuration: dict[str, Any], inputs: Sequence[str] = ()
) -> codepipeline.Actions:
    """Ask CloudFormation for something, in the layer's region and the stage's account."""
    asking = rollout.deployer.action_role_arn
    one = action(f"{layer.name}{suffix}", ("Deploy", "CloudFormation"), configuration, asking, inputs=inputs)
    return in_region(one, layer.region)


def smoke_action(rollout: Rollout, builds: Builds, roles: Roles) -> codepipeline.Actions:
    """Ask the stage whether it works; wake it first if it sleeps."""
    variables: dict[str, Value] = {"STAGE": rollout.stage, "IMAGE_URI": "#{image.IMAGE_URI}"}
    return build(builds, roles, SMOKE, "smoke", inputs=[SOURCE, TEMPLATES], variables=variables | access(rollout))


def access(rollout: Rollout) -> dict[str, Value]:
    """Return what a build needs to look at a stage in another account."""
    return {} if rollout.build_role is None else {"STAGE_ROLE_ARN": rollout.build_role}


def build(
    builds: Builds,
    roles: Roles,
    project: str,
    name: str,
    inputs: Sequence[str],
    outputs: Sequence[str] = (),
    namespace: str = "",
    variables: Mapping[str, Value] | None = None,
) -> codepipeline.Actions:
    """Run a build project. What it exports can be read as `#{namespace.NAME}`."""
    configuration: dict[str, Any] = {"ProjectName": builds.projects[project].ref()}
    if len(inputs) > 1:
        configuration["PrimarySource"] = inputs[0]
    if variables:
        configuration["EnvironmentVariables"] = environment(variables)
    kind = "Test" if project == SMOKE else "Build"
    return action(name, (kind, "CodeBuild"), configuration, roles.build.get_att("Arn"), inputs, outputs, namespace)


def environment(variables: Mapping[str, Value]) -> Value:
    """Return variables as the JSON text CodeBuild actions take."""
    known = {name: value for name, value in variables.items() if isinstance(value, str)}
    resolved: dict[str, Any] = {name: value for name, value in variables.items() if name not in known}
    entries = [{"name": name, "value": known.get(name, f"${{{name}}}")} for name in variables]
    text = json.dumps(entries)
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
    """Describe an action of a category and provider, such as `("Deploy", "CloudFormation")`."""
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
