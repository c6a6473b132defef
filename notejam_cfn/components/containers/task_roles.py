"""The two roles of a task: the one that ECS starts it in, and the one that the application has."""

from __future__ import annotations

from collections.abc import Sequence

from awacs.aws import Statement

from ...config.settings import TaskSettings
from ...core.images import ECR
from ...core.inputs import InvalidInput
from ...core.template import Template
from ...core.values import Value
from ...iam import policies
from ..data.encryption import Encryption
from ..service_role import service_role
from .cluster import Cluster
from .options import TaskOptions
from .secrets import allow_reading


def add_task_roles(
    template: Template,
    settings: TaskSettings,
    application: TaskOptions,
    encryption: Encryption,
    cluster: Cluster,
    log_group_arn: Value,
) -> tuple[Value, Value]:
    """Add the role that ECS starts a task in and the one that the application has, and return their ARNs."""
    own = allow_reading([application.secrets], encryption.key_arn)
    everyones = allow_reading(
        [application.secrets, *(sidecar.secrets for sidecar in application.sidecars)], encryption.key_arn
    )
    images = [settings.image, *(sidecar.image for sidecar in application.sidecars)]
    pulling = policies.allow_pulling_images(
        template.stack_tags.get("project", settings.name.lower()),
        [*application.image_repositories, *repositories_of(images)],
    )
    writing = policies.allow_writing_log_group(log_group_arn)
    starting = [*pulling, writing, *everyones, *application.execution_statements]
    execution = template.add(
        service_role(f"{settings.name}ExecutionRole", "ecs-tasks", *starting),
        why="Lets ECS start tasks: pull the image, read the secrets named for them, write their log.",
    )
    mounting = [system.mounting for system in application.file_systems]
    shells = allow_shells(cluster) if settings.exec_access else []
    task = template.add(
        service_role(f"{settings.name}TaskRole", "ecs-tasks", *own, *application.statements, *mounting, *shells),
        why="Lets the application do what it is for, and no more.",
    )
    return execution.get_att("Arn"), task.get_att("Arn")


def repositories_of(images: Sequence[Value]) -> list[Value]:
    """Return the ARNs of the ECR repositories that images name, whichever account has them."""
    partitions = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    arns: dict[Value, None] = {}
    for found in (ECR.fullmatch(image) for image in images if isinstance(image, str)):
        if found:
            account, region, name = found["account"], found["region"], found["name"]
            partition = next((known for start, known in partitions.items() if region.startswith(start)), "aws")
            arns[f"arn:{partition}:ecr:{region}:{account}:repository/{name}"] = None
    return list(arns)


def allow_shells(cluster: Cluster) -> list[Statement]:
    """Allow what a shell takes. Raises `InvalidInput` when the cluster says neither log group nor key of shells."""
    if cluster.shell_log_group_arn is None or cluster.key_arn is None:
        raise InvalidInput("exec_access", "needs a cluster that says where shells are recorded, and under which key")
    return policies.allow_recorded_shells(cluster.shell_log_group_arn, cluster.key_arn)
