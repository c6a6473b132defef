"""What services, workers and jobs have in common: an image, a log, roles, containers and a place in the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from troposphere import Parameter, ec2, ecs

from ...config.settings import IMAGE_PATTERN, TaskSettings
from ...core.template import Template
from ...core.values import Value
from ..data.encryption import Encryption
from ..network.security_groups import add_security_group, allow_from_group, allow_to_internet
from ..network.vpc import Network
from ..observability.log_groups import add_log_group
from .cluster import Cluster
from .options import TaskOptions
from .task_definition import add_task_definition
from .task_roles import add_task_roles

RELEASE = "Release"
HTTPS = 443
DUAL_STACK_HOST = "ACCOUNT.dkr-ecr.REGION.on.aws"


@dataclasses.dataclass(frozen=True)
class Task:
    """A task that can run. `released` is the condition that its image is known: without one there is no definition."""

    definition_arn: Value
    log_group_name: Value
    execution_role_arn: Value
    task_role_arn: Value
    released: str


def add_task(
    template: Template,
    settings: TaskSettings,
    network: Network,
    encryption: Encryption,
    cluster: Cluster,
    application: TaskOptions,
    ports: Sequence[ecs.PortMapping] = (),
) -> Task:
    """Add what a task is: the parameter of its image, its log group, its roles and its definition."""
    image = add_image_parameter(template, settings, network)
    released = template.condition_given(image)
    group = add_log_group(
        template, f"{settings.name}LogGroup", settings.log_retention_days, encryption, "Keeps what the containers log."
    )
    roles = add_task_roles(template, settings, application, encryption, cluster, group.get_att("Arn"))
    named = [
        ecs.PortMapping(ContainerPort=port, Name=name, Protocol="tcp") for name, port in application.extra_ports.items()
    ]
    definition = add_task_definition(
        template, settings, application, image.ref(), group.ref(), *roles, [*ports, *named], released
    )
    return Task(definition.ref(), group.ref(), *roles, released)


def add_image_parameter(template: Template, settings: TaskSettings, network: Network) -> Parameter:
    """Let a release choose the image without a new template. Empty is a stage before its first release.

    ECR answers over IPv6 only under its dual-stack names, so a network without IPv4 refuses the others at once.
    Source: Amazon ECS Developer Guide, "Using a VPC in IPv6-only mode".
    """
    prefix = "" if settings.name == "Web" else settings.name
    refused, host = ("(?!.*[.]dkr[.]ecr[.])", DUAL_STACK_HOST) if network.ipv6_only_tasks else ("", "REGISTRY")
    return template.add_parameter_in(
        RELEASE,
        f"Container image{' of ' + prefix if prefix else ''}",
        f"{prefix}ImageUri",
        Type="String",
        Default=settings.image,
        AllowedPattern=f"|{refused}{IMAGE_PATTERN}",
        ConstraintDescription=f"empty, or an image such as {host}/REPOSITORY@sha256:DIGEST",
        Description=(
            f"The image to run, such as {host}/REPOSITORY@sha256:DIGEST. "
            "Leave it empty at first: the stage then waits for its first release."
        ),
    )


def add_task_security_group(
    template: Template, settings: TaskSettings, network: Network, admitted: tuple[Value, int] | None = None
) -> ec2.SecurityGroup:
    """Add the group of the tasks: out only over HTTPS, in only from the group that is `admitted` to a port, if any."""
    group = add_security_group(
        template,
        f"{settings.name}SecurityGroup",
        network.vpc_id,
        "Tasks: in from the load balancer, out over HTTPS" if admitted else "Tasks: out over HTTPS",
        f"Closes the tasks to everything{' but the load balancer' if admitted else ''}.",
    )
    if admitted:
        source, port = admitted
        title, target = f"{settings.name}Requests", group.get_att("GroupId")
        allow_from_group(template, title, source, target, port, "requests from the load balancer")
    allow_to_internet(
        template,
        f"{settings.name}Calls",
        group.get_att("GroupId"),
        HTTPS,
        network.dual_stack,
        "calls to AWS services over HTTPS",
    )
    return group


def in_private_subnets(network: Network, group_id: Value, application: TaskOptions) -> ecs.NetworkConfiguration:
    """Place tasks in the private subnets, with their own security group and those that the application needs."""
    return ecs.NetworkConfiguration(
        AwsvpcConfiguration=ecs.AwsvpcConfiguration(
            AssignPublicIp="DISABLED",
            Subnets=list(network.private_subnet_ids),
            SecurityGroups=groups_of(group_id, application),
        )
    )


def groups_of(group_id: Value, application: TaskOptions) -> list[Value]:
    """Return the security groups of a task: its own, what it is given, and those of clients of its file systems."""
    systems = [system.client_security_group_id for system in application.file_systems]
    return [group_id, *application.security_group_ids, *systems]


def capacity_strategy(settings: TaskSettings) -> list[ecs.CapacityProviderStrategyItem]:
    """Run the first tasks on demand, and of the others a share on Spot, which costs about a third."""
    on_demand = ecs.CapacityProviderStrategyItem(CapacityProvider="FARGATE", Weight=100 - settings.spot_percent)
    if settings.fargate_base:
        on_demand.Base = settings.fargate_base
    spot = ecs.CapacityProviderStrategyItem(CapacityProvider="FARGATE_SPOT", Weight=settings.spot_percent)
    return [item for item in (on_demand, spot) if item.Weight or "Base" in item.properties]
