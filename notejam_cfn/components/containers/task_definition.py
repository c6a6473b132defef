"""The task definition of a service: its containers, and the roles that start them and that they have."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from awacs.aws import Statement
from troposphere import Region, ecs, iam, logs

from ...config.settings import ServiceSettings
from ...core.inputs import Inputs, InvalidInput
from ...core.suppressions import Suppression
from ...core.template import Template
from ...core.values import Value
from ...iam import policies
from ..data.encryption import Encryption
from .cluster import Cluster

UNPRIVILEGED_USER = "10001"
STOP_SECONDS = 60
MIGRATION, SCRATCH = "migrate", "tmp"
WRITABLE_FOR_SHELLS = Suppression(
    reason="Shells are allowed in this stage (service.exec_access), and ECS Exec does not work on a read-only root.",
    risk="Who opens a shell, as root, can change the container's files until it stops; shells are recorded.",
    guard=("ecs_containers_readonly_access_check",),
)


@dataclasses.dataclass(frozen=True)
class TaskOptions(Inputs):
    """What runs in the containers: how it is started, what it is told and what it may do.

    `secrets` maps a variable to what ECS reads it from: a Secrets Manager ARN, or `ARN:key::` for one key of a JSON
    secret. `secret_arns` are the secrets among them, which the task itself may read again when one was rotated.
    `prepare` is a command that must succeed before the service's own starts, such as a migration.
    """

    command: Sequence[str] = ()
    prepare: Sequence[str] = ()
    health_command: Sequence[str] = ()
    environment: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    secret_arns: Sequence[Value] = ()
    security_group_ids: Sequence[Value] = ()
    statements: Sequence[Statement] = ()

    def conflicts(self) -> Iterator[tuple[str, str]]:
        for name in sorted(self.environment.keys() & self.secrets.keys()):
            yield "secrets", f"must not name what environment names too, got {name} in both"


def container_name(settings: ServiceSettings) -> str:
    """Name the service's own container, which the load balancer sends requests to."""
    return settings.name.lower()


def containers(
    settings: ServiceSettings, application: TaskOptions, image: Value, log_group: Value
) -> list[ecs.ContainerDefinition]:
    """Describe the container that serves and, before it, the one that prepares."""
    serving = _container(container_name(settings), settings, application, image, log_group, application.command)
    serving.Memory = settings.memory_mib - (preparing_mib(settings) if application.prepare else 0)
    serving.PortMappings = [ecs.PortMapping(ContainerPort=settings.port, Protocol="tcp")]
    if application.health_command:
        serving.HealthCheck = ecs.HealthCheck(
            Command=["CMD", *application.health_command], Interval=15, Timeout=5, Retries=3, StartPeriod=60
        )
    if not application.prepare:
        return [serving]
    preparing = _container(MIGRATION, settings, application, image, log_group, application.prepare)
    preparing.Essential = False
    preparing.Memory = preparing_mib(settings)
    serving.DependsOn = [ecs.ContainerDependency(ContainerName=MIGRATION, Condition="SUCCESS")]
    return [preparing, serving]


def preparing_mib(settings: ServiceSettings) -> int:
    """Return the memory of the container that prepares; limits may not exceed the task's memory together."""
    return settings.memory_mib // 4


def _container(
    name: str,
    settings: ServiceSettings,
    application: TaskOptions,
    image: Value,
    log_group: Value,
    command: Sequence[str],
) -> ecs.ContainerDefinition:
    """Describe a container without rights: not root, its files read-only but for /tmp, no capabilities.

    Where shells are allowed, the files are writable and root keeps its usual capabilities: ECS Exec puts an agent into
    the container, which runs as root. AWS supports no read-only file system for it, and says of no capability that it
    can go. The application is not root: it can still write to no file of the image, and has no capability.
    Sources: Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec", considerations;
    aws/containers-roadmap, requests 1359 and 1360. An image makes /tmp writable for its user by declaring it a volume.
    Source: Amazon ECS Developer Guide, "Use bind mounts with Amazon ECS".
    """
    linux = ecs.LinuxParameters(InitProcessEnabled=True)
    if not settings.exec_access:
        linux.Capabilities = ecs.KernelCapabilities(Drop=["ALL"])
    container = ecs.ContainerDefinition(
        Name=name,
        Image=image,
        Essential=True,
        User=UNPRIVILEGED_USER,
        ReadonlyRootFilesystem=not settings.exec_access,
        MountPoints=[ecs.MountPoint(SourceVolume=SCRATCH, ContainerPath=f"/{SCRATCH}", ReadOnly=False)],
        LinuxParameters=linux,
        StopTimeout=STOP_SECONDS,
        Environment=[ecs.Environment(Name=key, Value=value) for key, value in application.environment.items()],
        Secrets=[ecs.Secret(Name=key, ValueFrom=source) for key, source in application.secrets.items()],
        LogConfiguration=ecs.LogConfiguration(
            LogDriver="awslogs",
            Options={
                "awslogs-group": log_group,
                "awslogs-region": Region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",
                "max-buffer-size": "4m",
            },
        ),
    )
    if command:
        container.Command = list(command)
    return container


@dataclasses.dataclass(frozen=True)
class TaskContext:
    """What a task's containers find around them: the key of its secrets, its cluster and the log group it writes to."""

    encryption: Encryption
    cluster: Cluster
    log_group: logs.LogGroup


def add_task_definition(
    template: Template,
    settings: ServiceSettings,
    application: TaskOptions,
    image: Value,
    around: TaskContext,
    condition: str,
) -> ecs.TaskDefinition:
    """Add the task definition, what a task consists of, with the roles that start it and that it has."""
    execution_role = add_execution_role(template, settings, application, around)
    task_role = add_task_role(template, settings, application, around)
    return template.add(
        ecs.TaskDefinition(
            f"{settings.name}TaskDefinition",
            RequiresCompatibilities=["FARGATE"],
            NetworkMode="awsvpc",
            Cpu=str(settings.cpu_units),
            Memory=str(settings.memory_mib),
            RuntimePlatform=ecs.RuntimePlatform(CpuArchitecture=settings.architecture, OperatingSystemFamily="LINUX"),
            ExecutionRoleArn=execution_role.get_att("Arn"),
            TaskRoleArn=task_role.get_att("Arn"),
            ContainerDefinitions=containers(settings, application, image, around.log_group.ref()),
            Volumes=[ecs.Volume(Name=SCRATCH)],
            Condition=condition,
        ),
        why="Describes the containers of a task: image, size, environment and secrets.",
        suppress=[WRITABLE_FOR_SHELLS] if settings.exec_access else [],
    )


def add_execution_role(
    template: Template, settings: ServiceSettings, application: TaskOptions, around: TaskContext
) -> iam.Role:
    """Add the role ECS itself uses to start a task: pull the image, read its secrets, write its logs."""
    pulling = policies.allow_pulling_images(template.stack_tags.get("project", settings.name.lower()))
    statements = [*pulling, policies.allow_writing_log_group(around.log_group.get_att("Arn"))]
    return _add_role(
        template,
        f"{settings.name}ExecutionRole",
        [*statements, *_reading(application, around.encryption)],
        "Lets ECS start tasks: pull the image, read the secrets named for them, write their log.",
    )


def add_task_role(
    template: Template, settings: ServiceSettings, application: TaskOptions, around: TaskContext
) -> iam.Role:
    """Add the role the application has: read its secrets again after a rotation, and what it asks for itself."""
    statements = [*_reading(application, around.encryption), *application.statements]
    if settings.exec_access:
        if around.cluster.shell_log_group_arn is None or around.cluster.key_arn is None:
            raise InvalidInput("exec_access", "needs a cluster with shell_log_group_arn and key_arn, got one without")
        statements += policies.allow_recorded_shells(around.cluster.shell_log_group_arn, around.cluster.key_arn)
    return _add_role(
        template, f"{settings.name}TaskRole", statements, "Lets the application do what it is for, and no more."
    )


def _reading(application: TaskOptions, encryption: Encryption) -> list[Statement]:
    if not application.secret_arns:
        return []
    read = [policies.allow_reading_secret(arn) for arn in application.secret_arns]
    return [*read, policies.allow_decrypting_with(encryption.key_arn)]


def _add_role(template: Template, title: str, statements: Sequence[Statement], why: str) -> iam.Role:
    role = iam.Role(title, AssumeRolePolicyDocument=policies.assumed_by_service("ecs-tasks"))
    if statements:
        role.Policies = [iam.Policy(PolicyName="needs", PolicyDocument=policies.policy(*statements))]
    return template.add(role, why=why)
