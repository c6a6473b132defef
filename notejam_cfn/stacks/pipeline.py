"""What the delivery's stack holds: who may do what, and the pipeline that rolls stages out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from awacs.aws import Action
from troposphere import iam, sns

from ..components.containers.image_repository import ImageRepository
from ..components.data.encryption import Encryption
from ..components.observability.alarm_topic import AlarmTopic
from ..components.pipeline.artifacts import Artifacts, add_artifact_policy
from ..components.pipeline.codebuild_projects import Builds, Images, Reach, add_builds
from ..components.pipeline.cross_account_roles import BUILD, deployer_of
from ..components.pipeline.deploy_roles import DeployRole, add_action_role, add_execution_role, add_permissions
from ..components.pipeline.developers import Developers, StageAccess, add_budget, add_developers
from ..components.pipeline.events import add_pipeline_events
from ..components.pipeline.pipeline import Layer, OwnStack, Pipeline, Rollout, add_pipeline
from ..components.pipeline.pipeline_topic import add_pipeline_topic
from ..components.pipeline.roles import Roles, add_roles, allow_taking_on
from ..components.pipeline.source import add_source
from ..components.pipeline.target_accounts import TargetAccount
from ..config.settings import Project, Stage
from ..core import names
from ..core.template import Template
from ..iam import pipeline_policies
from .personal import EXPIRY_TYPES, expiry_actions
from .stack import Stack


@dataclasses.dataclass(frozen=True)
class Region:
    """What the delivery has in a region."""

    artifacts: Artifacts
    images: ImageRepository

    @property
    def encryption(self) -> Encryption:
        """The key of what the delivery has there."""
        return Encryption(key_arn=self.artifacts.key_arn)


@dataclasses.dataclass(frozen=True)
class PipelineInputs:
    """What the delivery is composed from: the project, its stages' layers in order, and what there is already.

    `own` are the project's own stacks in the order the pipeline updates them, `elsewhere` what it has in other regions,
    `guests` the stages that are in other accounts.
    """

    project: Project
    layers: Sequence[Stack]
    own: Sequence[OwnStack]
    here: Region
    elsewhere: Mapping[str, Region]
    guests: Mapping[str, TargetAccount]

    @property
    def prefixes(self) -> list[str]:
        """What the names of the stacks of this account's stages begin with."""
        stages = [stage.name for stage in self.project.stages if stage.name not in self.guests]
        return [names.stack(self.project.name, stage, "") for stage in stages]


@dataclasses.dataclass(frozen=True)
class PipelineRoles:
    """The roles CloudFormation takes on: to change the project's stages, personal ones, and the delivery itself."""

    stages: iam.Role
    personal: iam.Role
    own: iam.Role


def compose_delivery(template: Template, given: PipelineInputs) -> None:
    """Compose the delivery: what people may do, and the pipeline with what it needs."""
    project, layers, here = given.project, given.layers, given.here
    artifacts = add_artifact_policy(template, here.artifacts, [one.artifacts for one in given.elsewhere.values()])
    executing = add_execution_roles(template)
    allow_stages(template, given, executing)
    bounds = [*stage_role_actions(layers), *expiry_actions()]
    developers = add_developers(template, project.delivery, stage_access(project.stages), executing.personal, bounds)
    topic = add_pipeline_topic(template, project.delivery, here.encryption)
    builds = compose_builds(template, given, artifacts, executing)
    pipeline = compose_pipeline(template, given, artifacts, builds, executing, topic)
    add_budget(template, project.delivery, developers, topic)
    add_outputs(template, developers, artifacts, here.images, builds, pipeline)
    allow_own_updates(template, given, executing.own)


def add_execution_roles(template: Template) -> PipelineRoles:
    """Add the roles CloudFormation takes on; what each may do follows from templates."""
    return PipelineRoles(
        add_execution_role(
            template, "StageExecutionRole", "Lets CloudFormation create and change the project's stages."
        ),
        add_execution_role(
            template, "PersonalStageRole", "Lets CloudFormation create and change stages that developers make."
        ),
        add_execution_role(template, "OwnExecutionRole", "Lets CloudFormation update this stack for the pipeline."),
    )


def allow_stages(template: Template, given: PipelineInputs, executing: PipelineRoles) -> None:
    """Let CloudFormation make what the stages' templates contain, and keep it off the delivery."""
    project = given.project.name
    making = pipeline_policies.allow_creating(
        types_of(given.layers) | EXPIRY_TYPES, [f"{project}-"], pipeline_policies.of_stages(project)
    )
    refusing = pipeline_policies.refuse_own_things([names.delivery_stack(project)])
    add_permissions(template, "StagePermissions", [executing.stages, executing.personal], [refusing, *making])


def allow_own_updates(template: Template, given: PipelineInputs, role: iam.Role) -> None:
    """Let CloudFormation update the project's own stacks: what it needs for the types that are in them."""
    making = pipeline_policies.allow_creating(
        types_in(template) | {"AWS::IAM::ManagedPolicy"},
        [one.name for one in given.own],
        pipeline_policies.of_no_stage(given.project.name),
    )
    add_permissions(template, "OwnPermissions", [role], making)


def compose_builds(template: Template, given: PipelineInputs, artifacts: Artifacts, executing: PipelineRoles) -> Builds:
    """Compose the pipeline's builds."""
    guests = [guest.role_arn(BUILD) for guest in given.guests.values()]
    return add_builds(
        template,
        given.project.delivery,
        given.here.encryption,
        artifacts,
        Images(given.here.images, [one.images for one in given.elsewhere.values()]),
        Reach(given.prefixes, [executing.stages.get_att("Arn")], guests),
        given.project.stages[0].service.architecture,
    )


def compose_pipeline(
    template: Template,
    given: PipelineInputs,
    artifacts: Artifacts,
    builds: Builds,
    executing: PipelineRoles,
    topic: sns.Topic,
) -> Pipeline:
    """Compose the pipeline with its source, its roles, and whom it tells."""
    settings, encryption = given.project.delivery, given.here.encryption
    source = add_source(template, settings, encryption)
    own_names = [one.name for one in given.own]
    roles = add_roles(template, source, artifacts, builds, own_names, executing.own.get_att("Arn"))
    deployers = deployers_of(template, given, executing, roles, artifacts)
    permission = allow_taking_on(template, roles, dict.fromkeys(deployers.values()), topic)
    rollouts = [rollout(given, stage, deployers[stage.name]) for stage in given.project.stages]
    stores = {region: one.artifacts for region, one in given.elsewhere.items()}
    pipeline = add_pipeline(template, rollouts, given.own, source, artifacts, builds, roles, permission, topic, stores)
    people = AlarmTopic(topic.ref(), given.project.stages[0].monitoring.runbook_url)
    add_pipeline_events(template, settings, encryption, source, pipeline, people)
    return pipeline


def deployers_of(
    template: Template, given: PipelineInputs, executing: PipelineRoles, roles: Roles, artifacts: Artifacts
) -> dict[str, DeployRole]:
    """Return what changes each stage: roles in its own account, or the ones added here for those of this account."""
    elsewhere = {name: deployer_of(guest) for name, guest in given.guests.items()}
    at_home = [stage.name for stage in given.project.stages if stage.name not in elsewhere]
    own = add_deployer(template, given, executing, roles, artifacts) if at_home else None
    return elsewhere | {name: own for name in at_home if own}


def add_deployer(
    template: Template, given: PipelineInputs, executing: PipelineRoles, roles: Roles, artifacts: Artifacts
) -> DeployRole:
    """Add the role in which the pipeline asks CloudFormation to change the stages of this account."""
    executing_arn = executing.stages.get_att("Arn")
    asking = add_action_role(
        template,
        "DeployRole",
        roles.pipeline,
        artifacts,
        [
            pipeline_policies.allow_changing_stacks(given.prefixes),
            pipeline_policies.allow_passing([executing_arn], "cloudformation"),
        ],
        "Lets the pipeline ask CloudFormation to change the project's stages.",
    )
    return DeployRole(asking.get_att("Arn"), executing_arn)


def rollout(given: PipelineInputs, stage: Stage, deployer: DeployRole) -> Rollout:
    """Describe a stage's turn in the pipeline: its stacks, in their order, and where its images come from."""
    here = given.project.delivery_region
    layers = [
        Layer(
            name=stack.layer,
            stack_name=stack.name,
            template=f"{stack.path}.yaml",
            capabilities=stack.capabilities,
            region="" if stack.region == here else stack.region,
        )
        for stack in given.layers
        if stack.stage == stage.name
    ]
    images = None if stage.region == here else given.elsewhere[stage.region].images.uri
    build_role = given.guests[stage.name].role_arn(BUILD) if stage.name in given.guests else None
    return Rollout(stage.name, layers, deployer, stage.approval, images, build_role)


def stage_access(stages: Sequence[Stage]) -> StageAccess:
    """Say which stages are for development, and who approves which."""
    asking = [stage for stage in stages if stage.approval]
    return StageAccess(
        all=[stage.name for stage in stages],
        development=[stage.name for stage in stages if stage.service.exec_access],
        approved_by_developers=[stage.name for stage in asking if not stage.is_production],
        approved_by_approvers=[stage.name for stage in asking if stage.is_production],
    )


def add_outputs(
    template: Template,
    developers: Developers,
    artifacts: Artifacts,
    images: ImageRepository,
    builds: Builds,
    pipeline: Pipeline,
) -> None:
    """Say where people go, and what a release or a stage from a person's machine needs."""
    outputs = {
        "PipelineName": (pipeline.name, "The pipeline: watch it in CodePipeline"),
        "DevelopersGroup": (developers.group, "Add developers to this group"),
        "ApproversGroup": (developers.approvers_group, "Add those who may approve production to this group"),
        "PersonalStageRole": (developers.personal_stage_role, "Role with which developers deploy their own stages"),
        "ImageRepositoryUri": (images.uri, "Container images are pushed here"),
        "ImageProjectName": (builds.image_project, "Build project that makes an image"),
        "ArtifactBucketName": (artifacts.bucket_name, "Zips for a build go to uploads/ here"),
    }
    for name, (value, description) in outputs.items():
        template.add_output_for_people(name, value, description)


def types_of(stacks: Iterable[Stack]) -> set[str]:
    """Return every resource type in the stacks' templates."""
    return {kind for stack in stacks for kind in types_in(stack.template)}


def types_in(template: Template) -> set[str]:
    """Return every resource type in a template."""
    return {str(resource.resource_type) for resource in template.resources.values()}


def stage_role_actions(stacks: Iterable[Stack]) -> list[Action]:
    """Return every action that any role in the stacks' templates allows, sorted by name."""
    found = {
        action.JSONrepr(): action
        for stack in stacks
        for role in stack.template.resources.values()
        if role.resource_type == "AWS::IAM::Role"
        for policy in role.properties.get("Policies", [])
        for statement in statements_in(policy)
        if statement.properties["Effect"] == "Allow"
        for action in statement.properties["Action"]
    }
    return [found[name] for name in sorted(found)]


def statements_in(policy: iam.Policy) -> list[Any]:
    """Return the statements of a role's inline policy."""
    return list(policy.properties["PolicyDocument"].properties["Statement"])
