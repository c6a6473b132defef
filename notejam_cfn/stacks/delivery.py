"""The project's own stacks: the delivery, its companions in other regions, and what lets it into other accounts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from ..components.containers.image_repository import add_image_repository
from ..components.data.encryption import PUBLISHERS, add_encryption
from ..components.pipeline.artifacts import add_artifact_store
from ..components.pipeline.cross_account_roles import PIPELINE_ACCOUNT, add_pipeline_access
from ..components.pipeline.pipeline import OwnStack
from ..components.pipeline.target_accounts import TargetAccount, add_target_account
from ..config.settings import EncryptionSettings, Project, Stage
from ..core import names
from ..core.stack_outputs import publish
from ..core.template import Template
from ..iam import pipeline_policies
from .pipeline import PipelineInputs, Region, compose_delivery, types_of
from .stack import ACCESS, LAYERED, PROJECT, Stack

ARCHITECTURE = (
    "A push starts a pipeline: CodeBuild tests and builds one container image, then CloudFormation rolls out stage "
    "after stage, asking people where a stage asks for it. Developers get the permissions they need and no more."
)
COMPANION = "What the pipeline needs in a region: a key, a bucket through which artifacts go, and copies of the images."
ENTRANCE = "Roles that the pipeline of another account takes on to change a stage in this one."


def delivery_stacks(project: Project, stacks: Sequence[Stack]) -> list[Stack]:
    """Compose the project's own stacks. `stacks` are those of its stages, in the order they are deployed."""
    project = dataclasses.replace(project, stages=tuple(stage for stage in project.stages if not stage.personal))
    own_names = {stage.name for stage in project.stages}
    layers = [stack for stack in stacks if stack.form == LAYERED and stack.stage in own_names]
    others = dict.fromkeys(layer.region for layer in layers if layer.region != project.delivery_region)
    there = {region: companion(project, layers, region) for region in others}
    companions = [stack for stack, _ in there.values()]
    access = [access_stack(project, stage, layers) for stage in project.stages if project.is_elsewhere(stage)]
    elsewhere = {region: seen for region, (_, seen) in there.items()}
    return [*access, *companions, main_stack(project, layers, companions, elsewhere)]


def main_stack(
    project: Project, layers: Sequence[Stack], companions: Sequence[Stack], elsewhere: Mapping[str, Region]
) -> Stack:
    """Compose the delivery itself."""
    stack = project_stack(project, names.DELIVERY, "pipeline, images and people", ARCHITECTURE)
    guests = {stage.name: guest for stage, guest in add_guests(stack.template, project, project.stages)}
    stack = dataclasses.replace(
        stack,
        depends_on=tuple(one.name for one in companions),
        values=accounts_of(stage for stage in project.stages if stage.name in guests),
    )
    near = {stage.name for stage in guests_in(project, layers, stack.region)}
    here = add_region(stack.template, project, [guests[name] for name in guests if name in near])
    own = [OwnStack(one.layer, one.name, one.region, bool(one.values)) for one in companions]
    own.append(OwnStack(names.DELIVERY, stack.name, configured=bool(stack.values)))
    compose_delivery(stack.template, PipelineInputs(project, layers, own, here, elsewhere, guests))
    return stack


def companion(project: Project, layers: Sequence[Stack], region: str) -> tuple[Stack, Region]:
    """Compose what the pipeline needs in another region, and return what its own stack sees of it."""
    stack = project_stack(project, names.regional_delivery(region), "artifacts and images", COMPANION)
    near = guests_in(project, layers, region)
    guests = [guest for _, guest in add_guests(stack.template, project, near)]
    made = add_region(stack.template, project, guests)
    artifacts = publish(stack.template, stack.name, made.artifacts, region)
    images = publish(stack.template, stack.name, made.images, region)
    return dataclasses.replace(stack, region=region, values=accounts_of(near)), Region(artifacts, images)


def access_stack(project: Project, stage: Stage, layers: Sequence[Stack]) -> Stack:
    """Compose what lets the pipeline into a stage's own account. Somebody deploys it there once."""
    stack = project_stack(project, names.delivery_in(stage.name), f"the pipeline's access to {stage.name}", ENTRANCE)
    own = [layer for layer in layers if layer.stage == stage.name]
    making = pipeline_policies.allow_creating(
        types_of(own), [f"{project.name}-"], pipeline_policies.of_stages(project.name)
    )
    refusing = pipeline_policies.refuse_own_things([names.delivery_stack(project.name)])
    prefix = names.stack(project.name, stage.name, "")
    add_pipeline_access(stack.template, project.name, [refusing, *making], [prefix])
    values = {PIPELINE_ACCOUNT: project.delivery.account}
    return dataclasses.replace(stack, form=ACCESS, region=stage.region, account=stage.account, values=values)


def add_region(template: Template, project: Project, guests: Sequence[TargetAccount]) -> Region:
    """Add what the delivery has in every region: a key, a bucket of artifacts, a repository of images."""
    sharing = [pipeline_policies.share_key(guest.account, guest.delivery) for guest in guests]
    encryption = add_encryption(template, EncryptionSettings(), (*PUBLISHERS, "budgets"), sharing)
    artifacts = add_artifact_store(template, project.delivery, encryption, guests)
    return Region(artifacts, add_image_repository(template, project.delivery, encryption, guests))


def add_guests(template: Template, project: Project, stages: Iterable[Stage]) -> list[tuple[Stage, TargetAccount]]:
    """Add a parameter for the account of each stage that is in another one."""
    return [
        (stage, add_target_account(template, project.name, stage.name))
        for stage in stages
        if project.is_elsewhere(stage)
    ]


def guests_in(project: Project, layers: Sequence[Stack], region: str) -> list[Stage]:
    """Return the stages of other accounts that have something in a region."""
    names_there = {layer.stage for layer in layers if layer.region == region}
    return [stage for stage in project.stages if project.is_elsewhere(stage) and stage.name in names_there]


def accounts_of(stages: Iterable[Stage]) -> dict[str, str]:
    """Return the accounts of stages by the parameters that take them."""
    return {names.account_of(stage.name): stage.account for stage in stages}


def project_stack(project: Project, layer: str, what: str, architecture: str) -> Stack:
    """Start a stack that belongs to no stage."""
    tags = names.tags(project.name)
    return Stack(
        name=f"{project.name}-{layer}",
        stage=None,
        form=PROJECT,
        layer=layer,
        region=project.delivery_region,
        account=project.delivery.account or None,
        template=Template(f"{project.name}: {what}", tags=tags, architecture=architecture),
        path=layer,
        termination_protection=True,
        tags=tags,
    )
