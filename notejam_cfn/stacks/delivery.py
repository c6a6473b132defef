"""The project's own stacks: what lets the pipeline into each stage, copies of images, and the delivery itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from troposphere import AccountId, Equals, GetStackOutput, If, Not, NoValue

from ..components.containers.image_repository import ImageRepository, add_image_repository
from ..components.data.encryption import PUBLISHERS, add_encryption
from ..components.pipeline.people import PeoplesStages, add_people
from ..components.pipeline.preview_access import add_preview_access
from ..components.pipeline.stage_access import PIPELINE_ACCOUNT, StageAccess, add_account, add_stage_access
from ..config.settings import EncryptionSettings, Project, Stage
from ..core import names
from ..core.stack_outputs import publish
from ..core.template import Template
from ..core.values import Value
from ..iam.cloudformation_policies import StageNeeds
from ..iam.placement import StageSubnets
from .pipeline import compose_delivery
from .stack import ACCESS, LAYERED, PROJECT, Stack

ARCHITECTURE = (
    "A push starts a pipeline: CodeBuild tests and builds one container image, then deploys stage after stage, asking "
    "people where a stage asks for it."
)
COMPANION = "Copies of the images in a region that stages or their backups reach."
ENTRANCE = "Roles that the pipeline takes on to change one stage, and the boundary of the roles that the stage makes."
PREVIEWS = "The role in which CloudFormation makes previews, whatever a developer writes, what ends them, and a budget."
PEOPLE = "Two groups, developers and approvers, and a policy for each purpose, which permission sets take too."
BOUNDARY_PARAMETER = "RoleBoundary"
# No empty text, which would be no ARN: linters that know no conditions judge a default where it is used.
NO_BOUNDARY = "no permissions boundary"


def delivery_stacks(project: Project, stacks: Sequence[Stack]) -> list[Stack]:
    """Compose the project's own stacks. `stacks` are those of its stages, in the order they are deployed."""
    layers = [stack for stack in stacks if stack.form == LAYERED]
    with_images = [layer for layer in layers if layer.layer not in (names.EDGE, names.EDGE_LOG)]
    others = dict.fromkeys(layer.region for layer in with_images if layer.region != project.delivery_region)
    there = {region: companion(project, with_images, region) for region in others}
    access = [stack for stage in project.stages for stack in access_stacks(project, stage, layers)]
    copies = {region: images for region, (_, images) in there.items()}
    companions = [stack for stack, _ in there.values()]
    return [*access, people_stack(project, access), *companions, main_stack(project, [*access, *companions], copies)]


def main_stack(project: Project, below: Sequence[Stack], copies: dict[str, ImageRepository]) -> Stack:
    """Compose the delivery itself."""
    stack = project_stack(project, names.DELIVERY, "pipeline and images", ARCHITECTURE)
    access, accounts = add_accesses(stack, project, project.stages)
    compose_delivery(stack.template, project, access, copies)
    depends_on = tuple(one.name for one in below if one.form != ACCESS)
    return dataclasses.replace(stack, depends_on=depends_on, values=accounts)


def companion(project: Project, layers: Sequence[Stack], region: str) -> tuple[Stack, ImageRepository]:
    """Compose the copies of images in another region, and return them as the delivery sees them."""
    made = project_stack(project, names.regional_delivery(region), "copies of images", COMPANION)
    stack = dataclasses.replace(made, region=region)
    near = {layer.stage for layer in layers if layer.region == region}
    strangers = [stage for stage in project.stages if stage.name in near and project.is_elsewhere(stage)]
    encryption = add_encryption(stack.template, EncryptionSettings(), PUBLISHERS)
    access, accounts = add_accesses(stack, project, strangers)
    images = add_image_repository(stack.template, project.delivery, encryption, list(access.values()))
    seen = publish(stack.template, stack.name, images, region)
    return dataclasses.replace(stack, values=accounts), seen


def access_stacks(project: Project, stage: Stage, layers: Sequence[Stack]) -> list[Stack]:
    """Compose what lets the pipeline change a stage, and developers make previews in it.

    The stage's network comes before them, as they may put things into that network's subnets only.
    """
    own = [layer for layer in layers if layer.stage == stage.name]
    network = next(layer for layer in own if layer.layer == names.NETWORK)
    subnets = subnets_in(network)
    found = [access_stack(project, stage, needs_of(stage, own, subnets))]
    if stage.allows_previews:
        what = f"what developers' previews in {stage.name} may do"
        previews = project_stack(project, names.delivery_previews(stage.name), what, PREVIEWS)
        add_preview_access(previews.template, stage, subnets)
        found.append(in_stages_account(project, stage, previews))
    return [dataclasses.replace(one, depends_on=(network.name,)) for one in found]


def access_stack(project: Project, stage: Stage, needs: StageNeeds) -> Stack:
    """Compose what lets the pipeline change a stage. In another account, somebody deploys it there."""
    stack = project_stack(project, names.delivery_in(stage.name), f"the pipeline's access to {stage.name}", ENTRANCE)
    if project.is_elsewhere(stage):
        text = ("Account of the pipeline", "AWS account that the pipeline is in.")
        account: Value = add_account(stack.template, PIPELINE_ACCOUNT, *text).ref()
        values = {PIPELINE_ACCOUNT: project.delivery.account}
    else:
        account, values = AccountId, {}
    pipeline = (account, names.region_seen(project.delivery_region, stage.region))
    add_stage_access(stack.template, pipeline, needs)
    return dataclasses.replace(in_stages_account(project, stage, stack), values=values)


def in_stages_account(project: Project, stage: Stage, stack: Stack) -> Stack:
    """Return a stack of the project's own as one that stands in the account and region of a stage."""
    form = ACCESS if project.is_elsewhere(stage) else PROJECT
    return dataclasses.replace(stack, form=form, region=stage.region, account=stage.account or None)


def people_stack(project: Project, access: Sequence[Stack]) -> Stack:
    """Compose who may do what: which stages allow a shell or previews, and who approves which.

    Policies of previews, which stand beside their stages, are there before.
    """
    stack = project_stack(project, names.PEOPLE, "people and what they may do", PEOPLE)
    asking = [stage for stage in project.stages if stage.approval]
    stages = PeoplesStages(
        with_previews={
            stage.name: names.region_seen(stage.region, project.delivery_region)
            for stage in project.stages
            if stage.allows_previews and not project.is_elsewhere(stage)
        },
        with_shells=[stage.name for stage in project.stages if stage.service.exec_access and not stage.is_production],
        approved_by_developers=[stage.name for stage in asking if not stage.is_production],
        approved_by_approvers=[stage.name for stage in asking if stage.is_production],
    )
    add_people(stack.template, project.delivery, stages)
    return dataclasses.replace(stack, depends_on=tuple(one.name for one in access if one.form != ACCESS))


def add_accesses(
    stack: Stack, project: Project, stages: Iterable[Stage]
) -> tuple[dict[str, StageAccess], dict[str, str]]:
    """Return the roles of stages by stage, and the accounts of those in another one by the parameters for them."""
    access: dict[str, StageAccess] = {}
    accounts: dict[str, str] = {}
    for stage in stages:
        account: Value = AccountId
        if project.is_elsewhere(stage):
            parameter = names.account_of(stage.name)
            label, told = f"Account of {stage.name}", f"AWS account that {stage.name} is in."
            account = add_account(stack.template, parameter, label, told).ref()
            accounts[parameter] = stage.account
        region = names.region_seen(stage.region, stack.region)
        access[stage.name] = StageAccess(project.name, stage.name, account, region)
    return access, accounts


def subnets_in(network: Stack) -> StageSubnets:
    """Return the subnets that a stage's network publishes, as other stacks read them."""

    def called(*kinds: str) -> list[Value]:
        begins = tuple(f"{kind}SubnetId" for kind in kinds)
        found = [name for name in network.template.outputs if name.startswith(begins)]
        return [GetStackOutput(StackName=network.name, OutputName=name) for name in found]

    return StageSubnets(tasks=called("Private"), load_balancers=called("Public", "Isolated"))


def needs_of(stage: Stage, stacks: Iterable[Stack], subnets: StageSubnets) -> StageNeeds:
    """Return what a stage's templates ask for, and the subnets that it has."""
    resources = [resource for stack in stacks for resource in stack.template.resources.values()]
    roles = [resource for resource in resources if resource.resource_type == "AWS::IAM::Role"]
    narrow: set[str] = set()
    wide: set[str] = set()
    inline = [policy for role in roles for policy in role.properties.get("Policies", ())]
    for statement in (one for each in inline for one in each.properties["PolicyDocument"].properties["Statement"]):
        if statement.properties["Effect"] == "Allow":
            found = {action.JSONrepr() for action in statement.properties["Action"]}
            (wide if statement.properties["Resource"] == ["*"] else narrow).update(found)
    services = {
        service
        for role in roles
        for statement in role.properties["AssumeRolePolicyDocument"].properties["Statement"]
        for service in [statement.properties["Principal"].data["Service"]]
    }
    records = [one for one in resources if one.resource_type == "AWS::Route53::RecordSet"]
    return StageNeeds(
        project=stage.project,
        stage=stage.name,
        kinds=frozenset(str(resource.resource_type) for resource in resources),
        narrow=frozenset(narrow),
        wide=frozenset(wide),
        services=tuple(sorted(services)),
        subnets=subnets,
        domains=tuple(sorted({str(record.properties["Name"]).lower() for record in records})),
    )


def bound_roles(template: Template) -> None:
    """Let whoever deploys a stage keep its roles within a boundary, as the pipeline must."""
    roles = [one for one in template.resources.values() if one.resource_type == "AWS::IAM::Role"]
    if not roles:
        return
    boundary = template.add_parameter_in(
        "Permissions",
        "Boundary of roles",
        BOUNDARY_PARAMETER,
        Type="String",
        Default=NO_BOUNDARY,
        AllowedPattern=NO_BOUNDARY + "|arn:[a-z-]+:iam::[0-9]{12}:policy/.+",
        ConstraintDescription=f"{NO_BOUNDARY}, or the ARN of a managed policy",
        Description="The most that the roles made here can do. The pipeline names it; elsewhere leave it as it is.",
    )
    bounded = f"Has{BOUNDARY_PARAMETER}"
    template.add_condition(bounded, Not(Equals(boundary.ref(), NO_BOUNDARY)))
    for role in roles:
        role.PermissionsBoundary = If(bounded, boundary.ref(), NoValue)


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
