"""What runs in a task: the service's own container, others beside it, volumes, and what all of them may do."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence

from awacs.aws import Statement

from ...core.inputs import Inputs, shown
from ...core.values import Value
from ..data.file_system import FileSystem
from .secrets import Secret

UNPRIVILEGED_USER = "10001"
NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
# ECS's words for what a container waits for. Source: Amazon ECS API Reference, "ContainerDependency".
CONDITIONS = ("START", "HEALTHY", "SUCCESS", "COMPLETE")
MIGRATION, SCRATCH = "migrate", "tmp"


@dataclasses.dataclass(frozen=True)
class Volume(Inputs):
    """A directory that containers of a task share: on the task's own disk, or of a file system that outlives it."""

    name: str
    path: str
    file_system: FileSystem | None = None
    read_only: bool = False

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if not NAME.fullmatch(self.name) or self.name == SCRATCH:
            yield "name", f"must be lower-case letters, digits and hyphens, but not {SCRATCH}, got {shown(self.name)}"
        if not re.fullmatch(r"/[!-~]+", self.path) or self.path == f"/{SCRATCH}":
            yield "path", f"must be a path in the container, but not /{SCRATCH}, got {shown(self.path)}"


@dataclasses.dataclass(frozen=True)
class Container(Inputs):
    """A container of a task. `volumes` are names of the task's. Its memory is part of the task's."""

    name: str
    image: Value
    command: Sequence[str] = ()
    health_command: Sequence[str] = ()
    environment: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, Secret] = dataclasses.field(default_factory=dict)
    ports: Sequence[int] = ()
    volumes: Sequence[str] = ()
    memory_mib: int = 128
    user: str = UNPRIVILEGED_USER
    essential: bool = True

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if not NAME.fullmatch(self.name):
            yield "name", f"must be lower-case letters, digits and hyphens, got {shown(self.name)}"
        yield from in_both(self.environment, self.secrets)


@dataclasses.dataclass(frozen=True)
class Sidecar(Container):
    """A container beside the service's own, such as a collector of traces.

    `before` says what it must have reached before the service's own container starts: START, HEALTHY, SUCCESS or
    COMPLETE; empty waits for nothing. When an `essential` one stops, so does the task.
    """

    before: str = ""

    def conflicts(self) -> Iterator[tuple[str, str]]:
        yield from super().conflicts()
        if self.before not in ("", *CONDITIONS):
            yield "before", f"must be one of {', '.join(CONDITIONS)}, or empty, got {shown(self.before)}"
        if self.before in ("SUCCESS", "COMPLETE") and self.essential:
            yield "essential", f"must be False with before={self.before!r}: the task would stop with the container"
        if self.before == "HEALTHY" and not self.health_command:
            yield "health_command", "is needed with before='HEALTHY'"


@dataclasses.dataclass(frozen=True)
class TaskOptions(Inputs):
    """What runs in the containers: how it is started, what it is told and what it may do.

    `secrets` maps a variable to `secret(…)` or `parameter(…)`, which bring their permissions; the task itself may read
    them again, when one was rotated. `prepare` is a command that must succeed before the container's own starts, such
    as a migration. `extra_ports` are names and numbers of ports beside the service's own, and `image_repositories` ARNs
    of ECR repositories in other accounts; those of an image that the settings name are found by themselves.
    `execution_statements` are for the role in which ECS starts the task, `statements` for the task's own.
    """

    command: Sequence[str] = ()
    prepare: Sequence[str] = ()
    health_command: Sequence[str] = ()
    environment: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, Secret] = dataclasses.field(default_factory=dict)
    security_group_ids: Sequence[Value] = ()
    statements: Sequence[Statement] = ()
    execution_statements: Sequence[Statement] = ()
    sidecars: Sequence[Sidecar] = ()
    volumes: Sequence[Volume] = ()
    extra_ports: Mapping[str, int] = dataclasses.field(default_factory=dict)
    image_repositories: Sequence[Value] = ()

    def conflicts(self) -> Iterator[tuple[str, str]]:
        yield from in_both(self.environment, self.secrets)
        volumes = [volume.name for volume in self.volumes]
        yield from _twice("sidecars", [MIGRATION, *(sidecar.name for sidecar in self.sidecars)])
        yield from _twice("volumes", volumes)
        yield from _twice("volumes", [volume.path for volume in self.volumes])
        yield from _twice("extra_ports", [str(port) for port in self.extra_ports.values()])
        for sidecar in self.sidecars:
            for name in set(sidecar.volumes) - set(volumes):
                yield "sidecars", f"must use volumes of the task ({', '.join(volumes) or 'none'}), got {name}"

    @property
    def file_systems(self) -> list[FileSystem]:
        """The file systems that volumes are of."""
        return [volume.file_system for volume in self.volumes if volume.file_system is not None]


def in_both(environment: Mapping[str, Value], secrets: Mapping[str, Secret]) -> Iterator[tuple[str, str]]:
    """Refuse a variable that is an open value and a secret: ECS takes one of them and says nothing."""
    for name in sorted(environment.keys() & secrets.keys()):
        yield "secrets", f"must not name what environment names too, got {name} in both"


def _twice(option: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if names.count(name) > 1:
            yield option, f"must have each name, path and port once, got {name} twice"
            return
