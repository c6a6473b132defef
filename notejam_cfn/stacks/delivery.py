"""The project's own stacks, one of each for all stages: who may do what, and the pipeline that rolls stages out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from awacs.aws import Action
from troposphere import GetStackOutput, iam

from .. import delivery_policies, names
from ..components.artifacts import Artifacts, add_artifact_policy, add_artifact_store
from ..components.builds import Builds, add_builds
from ..components.deployers import Deployer, add_action_role, add_execution_role, add_permissions
from ..components.developers import Developers, StageAccess, add_budget, add_developers
from ..components.encryption import PUBLISHERS, Encryption, add_encryption
from ..components.notices import add_notices
from ..components.pipeline import Layer, Roles, Rollout, add_pipeline, add_roles, allow_taking_on, own_stacks
from ..components.repository import ImageRepository, add_image_repository
from ..components.source import add_source
from ..settings import EncryptionSettings, Project, Stage
from ..template import Template
from ..values import Value, described
from ..wiring import publish
from .personal import EXPIRY_TYPES, expiry_actions
from .stack import LAYERED, PROJECT, Stack

PEOPLE = (
    "Developers get the permissions they need and no more; CloudFormation's roles can make what the templates hold."
)
BASE = "A key and a bucket through which the pipeline hands on what it makes, and the role that updates its stacks."
PIPELINE = (
    "A push starts a pipeline: CodeBuild tests and builds one container image, then CloudFormation rolls out stage "
    "after stage, asking people where a stage asks for it."
)


@dataclasses.dataclass(frozen=True)
class ExecutionRole:
    """A role CloudFormation takes on, as the pipeline's stack reads it."""

    role_arn: Value = described("Role CloudFormation takes on")


def delivery_stacks(project: Project, stacks: Sequence[Stack]) -> list[Stack]:
    """Compose the project's own stacks. `stacks` are those of its stages, in the order they are deployed.

    The base is in each region the pipeline deploys to; what people and CloudFormation may do, and the pipeline, are in
    one. In one template they would be larger than CloudFormation takes without a bucket.
    """
    project = dataclasses.replace(project, stages=tuple(stage for stage in project.stages if not stage.personal))
    own_names = {stage.name for stage in project.stages}
    layers = [stack for stack in stacks if stack.form == LAYERED and stack.stage in own_names]
    base, store = base_stack(project, project.delivery_region)
    own = add_execution_role(
        base.template, "OwnExecutionRole", "Lets CloudFormation update the project's own stacks for the pipeline."
    )
    updating = publish(base.template, base.name, ExecutionRole(own.get_att("Arn")))
    people, developers, changing = people_stack(project, layers, base)
    elsewhere = dict.fromkeys(layer.region for layer in layers if layer.region != project.delivery_region)
    others = [base_stack(project, region) for region in elsewhere]
    below = (base, people, *(stack for stack, _ in others))
    pipeline = project_stack(project, names.DELIVERY, "pipeline and images", PIPELINE, below)
    stores = {stack.region: seen for stack, seen in others}
    compose_pipeline(pipeline.template, project, layers, developers, Executing(changing, updating), store, stores)
    allow_own_updates(base.template, own, types_of([base, people, pipeline]))
    return [*below, pipeline]


@dataclasses.dataclass(frozen=True)
class Executing:
    """The roles CloudFormation takes on: to change the project's stages, and to update the project's own stacks."""

    stages: ExecutionRole
    own: ExecutionRole


def base_stack(project: Project, region: str) -> tuple[Stack, Artifacts]:
    """Compose what the pipeline needs in a region, and return what its own stack sees of it."""
    here = region == project.delivery_region
    layer = names.BASE if here else f"{names.BASE}-{region}"
    stack = dataclasses.replace(project_stack(project, layer, "key and artifacts", BASE), region=region)
    encryption = add_encryption(stack.template, EncryptionSettings(), (*PUBLISHERS, "budgets"))
    store = publish(stack.template, stack.name, add_artifact_store(stack.template, project.delivery, encryption))
    if here:
        return stack, store
    seen = {
        field.name: GetStackOutput(StackName=stack.name, OutputName=names.output(field.name), Region=region)
        for field in dataclasses.fields(store)
        if "description" in field.metadata
    }
    return stack, dataclasses.replace(store, **seen)


def project_stack(project: Project, layer: str, what: str, architecture: str, below: Sequence[Stack] = ()) -> Stack:
    """Start a stack that belongs to no stage."""
    tags = names.tags(project.name)
    return Stack(
        name=f"{project.name}-{layer}",
        stage=None,
        form=PROJECT,
        layer=layer,
        region=project.delivery_region,
        account=None,
        template=Template(f"{project.name}: {what}", tags=tags, architecture=architecture),
        path=layer,
        depends_on=tuple(stack.name for stack in below),
        termination_protection=True,
        tags=tags,
    )


def people_stack(project: Project, layers: Sequence[Stack], base: Stack) -> tuple[Stack, Developers, ExecutionRole]:
    """Compose people's permissions and the roles in which CloudFormation changes stages."""
    stack = project_stack(project, names.DEVELOPERS, "what people and CloudFormation may do", PEOPLE, [base])
    template = stack.template
    executing = add_execution_role(
        template, "StageExecutionRole", "Lets CloudFormation create and change the project's stages."
    )
    personal = add_execution_role(
        template, "PersonalStageRole", "Lets CloudFormation create and change the stages developers make themselves."
    )
    making = delivery_policies.allow_creating(
        types_of(layers) | EXPIRY_TYPES, [f"{project.name}-"], delivery_policies.of_stages(project.name)
    )
    refusing = delivery_policies.refuse_own_things(own_stacks(project.name))
    add_permissions(template, "StagePermissions", [executing, personal], [refusing, *making])
    bounds = [*stage_role_actions(layers), *expiry_actions()]
    developers = add_developers(template, project.delivery, stage_access(project.stages), personal, bounds)
    role = ExecutionRole(executing.get_att("Arn"))
    return stack, publish(template, stack.name, developers), publish(template, stack.name, role)


def compose_pipeline(
    template: Template,
    project: Project,
    layers: Sequence[Stack],
    developers: Developers,
    executing: Executing,
    store: Artifacts,
    stores: Mapping[str, Artifacts],
) -> None:
    """Compose the pipeline with what it needs: images, builds, artifacts, its source and its roles."""
    settings = project.delivery
    prefixes = [names.stack(project.name, stage.name, "") for stage in project.stages]
    encryption = Encryption(key_arn=store.key_arn)
    topic = add_notices(template, settings, encryption)
    artifacts = add_artifact_policy(template, store, list(stores.values()))
    repository = add_image_repository(template, settings, encryption)
    builds = add_builds(
        template,
        settings,
        encryption,
        artifacts,
        repository,
        prefixes,
        [executing.stages.role_arn],
        project.stages[0].service.architecture,
    )
    source = add_source(template, settings, encryption)
    roles = add_roles(template, source, artifacts, builds, executing.own.role_arn)
    deployer = add_deployer(template, prefixes, executing, roles, artifacts)
    rollouts = [rollout(project, stage, layers, deployer) for stage in project.stages]
    allow_taking_on(template, roles, rollouts, topic)
    pipeline = add_pipeline(template, rollouts, source, artifacts, builds, roles, topic, stores)
    add_budget(template, settings, developers, topic)
    add_outputs(template, artifacts, repository, builds)
    template.add_output_for_people("PipelineName", pipeline.name, "The pipeline: watch it in CodePipeline")


def add_deployer(
    template: Template, prefixes: Sequence[str], executing: Executing, roles: Roles, artifacts: Artifacts
) -> Deployer:
    """Add the role in which the pipeline asks CloudFormation to change the stages of this account."""
    asking = add_action_role(
        template,
        "DeployRole",
        roles.pipeline,
        artifacts,
        [
            delivery_policies.allow_changing_stacks(prefixes),
            delivery_policies.allow_passing([executing.stages.role_arn], "cloudformation"),
        ],
        "Lets the pipeline ask CloudFormation to change the project's stages.",
    )
    return Deployer(asking.get_att("Arn"), executing.stages.role_arn)


def allow_own_updates(template: Template, own: iam.Role, kinds: set[str]) -> None:
    """Let CloudFormation update the project's own stacks: what it needs for the types that are in them."""
    project = template.stack_tags["project"]
    making = delivery_policies.allow_creating(
        kinds | {"AWS::IAM::ManagedPolicy"}, own_stacks(project), delivery_policies.of_no_stage(project)
    )
    add_permissions(template, "OwnPermissions", [own], making)


def rollout(project: Project, stage: Stage, stacks: Sequence[Stack], deployer: Deployer) -> Rollout:
    """Describe a stage's turn in the pipeline: its stacks, in their order."""
    layers = [
        Layer(
            name=stack.layer,
            stack_name=stack.name,
            template=f"{stack.path}.yaml",
            capabilities=stack.capabilities,
            region="" if stack.region == project.delivery_region else stack.region,
        )
        for stack in stacks
        if stack.stage == stage.name
    ]
    return Rollout(stage.name, layers, deployer, stage.approval)


def stage_access(stages: Sequence[Stage]) -> StageAccess:
    """Say which stages are for development, and who approves which."""
    asking = [stage for stage in stages if stage.approval]
    return StageAccess(
        all=[stage.name for stage in stages],
        development=[stage.name for stage in stages if stage.service.exec_access],
        approved_by_developers=[stage.name for stage in asking if not stage.is_production],
        approved_by_approvers=[stage.name for stage in asking if stage.is_production],
    )


def add_outputs(template: Template, artifacts: Artifacts, repository: ImageRepository, builds: Builds) -> None:
    """Say what a release from a person's machine needs."""
    template.add_output_for_people("ImageRepositoryUri", repository.uri, "Container images are pushed here")
    template.add_output_for_people("ImageRepositoryName", repository.name, "Name of the repository of images")
    template.add_output_for_people("ImageProjectName", builds.image_project, "Build project that makes an image")
    template.add_output_for_people("ArtifactBucketName", artifacts.bucket_name, "Zips for a build go to uploads/ here")


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
