"""The task definition: the containers of a task, their size, ports and volumes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from troposphere import Region, ecs

from ...config.settings import TaskSettings
from ...core.inputs import InvalidInput
from ...core.suppressions import Suppression
from ...core.template import Template
from ...core.values import Value
from .options import MIGRATION, SCRATCH, Container, TaskOptions, Volume

STOP_SECONDS = 60
USUAL_STORAGE_GIB, USUAL_OPEN_FILES = 20, 65535
# What the proxy of Service Connect takes beside the containers.
# Source: Amazon ECS Developer Guide, "Amazon ECS Service Connect components", proxy container.
PROXY_MIB = 64
LEAST_MIB = 64
WRITABLE_FOR_SHELLS = Suppression(
    reason="Shells are allowed in this stage (service.exec_access), and ECS Exec does not work on a read-only root.",
    risk="Who opens a shell, as root, can change the container's files until it stops; shells are recorded.",
    guard=("ecs_containers_readonly_access_check",),
)


def container_name(settings: TaskSettings) -> str:
    """Name the service's own container, which the load balancer sends requests to."""
    return settings.name.lower()


def add_task_definition(
    template: Template,
    settings: TaskSettings,
    application: TaskOptions,
    image: Value,
    log_group: Value,
    execution_role_arn: Value,
    task_role_arn: Value,
    ports: Sequence[ecs.PortMapping],
    condition: str,
) -> ecs.TaskDefinition:
    """Add the task definition. Ports with a name are known to Service Connect, whose proxy then takes memory too."""
    proxy = PROXY_MIB if any("AppProtocol" in port.properties for port in ports) else 0
    definition = ecs.TaskDefinition(
        f"{settings.name}TaskDefinition",
        RequiresCompatibilities=["FARGATE"],
        NetworkMode="awsvpc",
        Cpu=str(settings.cpu_units),
        Memory=str(settings.memory_mib),
        RuntimePlatform=ecs.RuntimePlatform(CpuArchitecture=settings.architecture, OperatingSystemFamily="LINUX"),
        ExecutionRoleArn=execution_role_arn,
        TaskRoleArn=task_role_arn,
        ContainerDefinitions=containers(settings, application, image, log_group, ports, proxy),
        Volumes=[ecs.Volume(Name=SCRATCH), *map(task_volume, application.volumes)],
        Condition=condition,
    )
    if settings.ephemeral_storage_gib > USUAL_STORAGE_GIB:
        definition.EphemeralStorage = ecs.EphemeralStorage(SizeInGiB=settings.ephemeral_storage_gib)
    return template.add(
        definition,
        why="Describes the containers of a task: image, size, environment and secrets.",
        suppress=[WRITABLE_FOR_SHELLS] if settings.exec_access else [],
    )


def containers(
    settings: TaskSettings,
    application: TaskOptions,
    image: Value,
    log_group: Value,
    ports: Sequence[ecs.PortMapping],
    proxy_mib: int,
) -> list[ecs.ContainerDefinition]:
    """Describe the container that prepares, the task's own, which waits for it, and those beside."""
    preparing = preparing_mib(settings, application)
    own = Container(
        name=container_name(settings),
        image=image,
        command=application.command,
        health_command=application.health_command,
        environment=application.environment,
        secrets=application.secrets,
        volumes=[volume.name for volume in application.volumes],
        memory_mib=settings.memory_mib - preparing - proxy_mib - sidecars_mib(settings, application),
    )
    described = _container(settings, own, application.volumes, log_group, ports)
    waiting = [
        ecs.ContainerDependency(ContainerName=one.name, Condition=one.before)
        for one in application.sidecars
        if one.before
    ]
    beside = [
        _container(
            settings,
            sidecar,
            application.volumes,
            log_group,
            [ecs.PortMapping(ContainerPort=port, Protocol="tcp") for port in sidecar.ports],
        )
        for sidecar in application.sidecars
    ]
    if preparing:
        first = dataclasses.replace(
            own,
            name=MIGRATION,
            command=application.prepare,
            health_command=(),
            essential=False,
            memory_mib=preparing,
        )
        waiting.insert(0, ecs.ContainerDependency(ContainerName=MIGRATION, Condition="SUCCESS"))
        beside.insert(0, _container(settings, first, application.volumes, log_group))
    if waiting:
        described.DependsOn = waiting
    return [*beside, described]


def preparing_mib(settings: TaskSettings, application: TaskOptions) -> int:
    """Return the memory of the container that prepares, if any; limits may not exceed the task's memory together."""
    return settings.memory_mib // 4 if application.prepare else 0


def sidecars_mib(settings: TaskSettings, application: TaskOptions) -> int:
    """Return the memory of the containers beside the task's own. Raises `InvalidInput` when they leave it none."""
    for sidecar in application.sidecars:
        if sidecar.name == container_name(settings):
            raise InvalidInput("sidecars", f"must not be called like the container of {settings.name}: {sidecar.name}")
    beside = sum(sidecar.memory_mib for sidecar in application.sidecars)
    if settings.memory_mib - beside - preparing_mib(settings, application) - PROXY_MIB < LEAST_MIB:
        raise InvalidInput("memory_mib", f"must leave the task's own container some of it, got {beside} for sidecars")
    return beside


def task_volume(volume: Volume) -> ecs.Volume:
    """Describe a volume: on the task's own disk, or of a file system, mounted over TLS and in the task's role."""
    system = volume.file_system
    if system is None:
        return ecs.Volume(Name=volume.name)
    return ecs.Volume(
        Name=volume.name,
        EFSVolumeConfiguration=ecs.EFSVolumeConfiguration(
            FilesystemId=system.id,
            TransitEncryption="ENABLED",
            AuthorizationConfig=ecs.AuthorizationConfig(AccessPointId=system.access_point_id, IAM="ENABLED"),
        ),
    )


def _container(
    settings: TaskSettings,
    container: Container,
    volumes: Sequence[Volume],
    log_group: Value,
    ports: Sequence[ecs.PortMapping] = (),
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
    described = ecs.ContainerDefinition(
        Name=container.name,
        Image=container.image,
        Essential=container.essential,
        User=container.user,
        ReadonlyRootFilesystem=not settings.exec_access,
        MountPoints=mount_points(container, volumes),
        LinuxParameters=linux,
        StopTimeout=STOP_SECONDS,
        Environment=[ecs.Environment(Name=key, Value=value) for key, value in container.environment.items()],
        Secrets=[ecs.Secret(Name=key, ValueFrom=one.value_from) for key, one in container.secrets.items()],
        LogConfiguration=log_configuration(container.name, log_group),
    )
    if container.command:
        described.Command = list(container.command)
    described.Memory = container.memory_mib
    if ports:
        described.PortMappings = list(ports)
    if container.health_command:
        described.HealthCheck = ecs.HealthCheck(
            Command=["CMD", *container.health_command], Interval=15, Timeout=5, Retries=3, StartPeriod=60
        )
    if settings.open_files != USUAL_OPEN_FILES:
        # Fargate changes no other limit. Source: Amazon ECS API Reference, "Ulimit".
        described.Ulimits = [
            ecs.Ulimit(Name="nofile", SoftLimit=settings.open_files, HardLimit=settings.open_files),
        ]
    return described


def mount_points(container: Container, volumes: Sequence[Volume]) -> list[ecs.MountPoint]:
    """Mount /tmp, and the volumes that a container asks for."""
    asked = [volume for volume in volumes if volume.name in container.volumes]
    return [
        ecs.MountPoint(SourceVolume=SCRATCH, ContainerPath=f"/{SCRATCH}", ReadOnly=False),
        *(ecs.MountPoint(SourceVolume=one.name, ContainerPath=one.path, ReadOnly=one.read_only) for one in asked),
    ]


def log_configuration(stream: str, log_group: Value) -> ecs.LogConfiguration:
    """Write a container's output to streams of a log group; a full buffer drops lines and stops nothing."""
    return ecs.LogConfiguration(
        LogDriver="awslogs",
        Options={
            "awslogs-group": log_group,
            "awslogs-region": Region,
            "awslogs-stream-prefix": stream,
            "mode": "non-blocking",
            "max-buffer-size": "4m",
        },
    )
