"""The project's delivery stack: images, pipeline, developers. There is one for all stages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from awacs.aws import Action
from troposphere import iam

from .. import delivery_policies, names
from ..components.artifacts import Artifacts, add_artifacts
from ..components.builds import Builds, add_builds
from ..components.deployers import Deployer, add_action_role, add_execution_role, add_permissions
from ..components.developers import StageAccess, add_developers
from ..components.encryption import PUBLISHERS, add_encryption
from ..components.notices import add_notices
from ..components.pipeline import Layer, Roles, Rollout, add_pipeline, add_roles, allow_taking_on
from ..components.repository import ImageRepository, add_image_repository
from ..components.source import add_source
from ..settings import EncryptionSettings, Project, Stage
from ..template import Template
from .stack import LAYERED, PROJECT, Stack

ARCHITECTURE = (
    "A push starts a pipeline: CodeBuild tests and builds one container image, then CloudFormation rolls out stage "
    "after stage, asking people where a stage asks for it. Developers get the permissions they need and no more."
)


def delivery_stack(project: Project, stacks: Sequence[Stack]) -> Stack:
    """Compose the delivery of a project. `stacks` are those of its stages, in the order they are deployed."""
    settings = project.delivery
    layers = [stack for stack in stacks if stack.form == LAYERED]
    prefixes = [names.stack(project.name, stage.name, "") for stage in project.stages]
    template = Template(
        f"{project.name}: pipeline, images and developers", tags=names.tags(project.name), architecture=ARCHITECTURE
    )
    encryption = add_encryption(template, EncryptionSettings(), (*PUBLISHERS, "budgets"))
    topic = add_notices(template, settings, encryption)
    artifacts = add_artifacts(template, settings, encryption)
    repository = add_image_repository(template, settings, encryption)
    executing, personal, own = add_execution_roles(template)
    builds = add_builds(
        template,
        settings,
        encryption,
        artifacts,
        repository,
        prefixes,
        [executing.get_att("Arn")],
        project.stages[0].service.architecture,
    )
    source = add_source(template, settings, encryption)
    roles = add_roles(template, source, artifacts, builds, own)
    deployer = add_deployer(template, prefixes, executing, roles, artifacts)
    rollouts = [rollout(project, stage, layers, deployer) for stage in project.stages]
    allow_taking_on(template, roles, rollouts, artifacts, topic)
    pipeline = add_pipeline(template, rollouts, source, artifacts, builds, roles, topic, stores={})
    access = stage_access(project.stages)
    bounds = stage_role_actions(layers)
    developers = add_developers(
        template, settings, access, source, artifacts, builds, pipeline, personal, bounds, topic
    )
    add_permissions(template, "StagePermissions", [executing, personal], types_of(layers), prefixes)
    add_own_permissions(template, own)
    add_outputs(template, artifacts, repository, builds)
    template.add_output_for_people("PipelineName", pipeline.name, "The pipeline: watch it in CodePipeline")
    template.add_output_for_people("DevelopersGroup", developers.group, "Add developers to this group")
    template.add_output_for_people("ApproversGroup", developers.approvers_group, "May approve changes of production")
    template.add_output_for_people(
        "PersonalStageRoleArn", developers.personal_stage_role, "Developers deploy their own stages with this role"
    )
    return Stack(
        name=names.delivery_stack(project.name),
        stage=None,
        form=PROJECT,
        layer=names.DELIVERY,
        region=project.delivery_region,
        account=None,
        template=template,
        path=names.DELIVERY,
        termination_protection=True,
        tags=template.stack_tags,
    )


def add_execution_roles(template: Template) -> tuple[iam.Role, iam.Role, iam.Role]:
    """Add the roles CloudFormation takes on: for the project's stages, for developers' own, and for this stack."""
    purposes = {
        "StageExecutionRole": "Lets CloudFormation create and change the project's stages.",
        "PersonalStageRole": "Lets CloudFormation create and change the stages developers make themselves.",
        "OwnExecutionRole": "Lets CloudFormation update this stack when the pipeline asks for it.",
    }
    stages, personal, own = (add_execution_role(template, title, why) for title, why in purposes.items())
    return stages, personal, own


def add_deployer(
    template: Template, prefixes: Sequence[str], executing: iam.Role, roles: Roles, artifacts: Artifacts
) -> Deployer:
    """Add the role in which the pipeline asks CloudFormation to change the stages of this account."""
    asking = add_action_role(
        template,
        "DeployRole",
        roles.pipeline,
        [
            delivery_policies.allow_changing_stacks(prefixes),
            delivery_policies.allow_passing([executing.get_att("Arn")], "cloudformation"),
            *delivery_policies.allow_using_artifacts(artifacts.bucket_arn, artifacts.key_arn),
        ],
        "Lets the pipeline ask CloudFormation to change the project's stages.",
    )
    return Deployer(asking.get_att("Arn"), executing.get_att("Arn"))


def rollout(project: Project, stage: Stage, stacks: Sequence[Stack], deployer: Deployer) -> Rollout:
    """Describe a stage's turn in the pipeline: its stacks, in their order."""
    layers = [
        Layer(
            name=stack.layer,
            stack_name=stack.name,
            template=f"{stack.path}.yaml",
            capabilities=stack.capabilities,
            takes_image="ImageUri" in stack.template.parameters,
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


def add_own_permissions(template: Template, own: iam.Role) -> None:
    """Let CloudFormation update this stack: what it needs for the types that are in it by now."""
    kinds = types_in(template)
    add_permissions(template, "OwnPermissions", [own], kinds, [names.delivery_stack(template.stack_tags["project"])])


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
