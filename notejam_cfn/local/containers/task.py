"""A deployed task definition's containers: started in order, judged healthy, confined and stopped as ECS does.

A container gets exactly the environment and secrets that the task definition states, its command, and the image's entry
point. What is added is what the platform would give: credentials and the region. `runtime` says what it runs in.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...deploy.service.smoke_test import fetched
from ..database.postgres import free_port
from ..emulator import Emulator
from .runtime import Running, Runtime
from .sandbox import Limits

START_SECONDS = 30
LOG_LINES = 15


class TaskError(RuntimeError):
    """A container does not do what its task definition says."""


@dataclasses.dataclass(frozen=True)
class Container:
    """A container as the task definition describes it, its secrets read."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    health_command: tuple[str, ...]
    waits_for: tuple[str, ...]
    port: int | None
    limits: Limits = dataclasses.field(default_factory=Limits)


@dataclasses.dataclass(frozen=True)
class Task:
    """A deployed task and its place behind the load balancer."""

    containers: tuple[Container, ...]
    target_group: str
    health_path: str
    health_code: str
    ipv6: bool

    @property
    def address(self) -> str:
        """This machine's, of the kind that the target group has."""
        return "::1" if self.ipv6 else "127.0.0.1"


@dataclasses.dataclass(frozen=True)
class Platform:
    """What AWS gives to every container, what it runs in, and where its log goes."""

    runtime: Runtime
    additions: Mapping[str, str]
    log: Path
    stopping: list[tuple[Container, Running, float]] = dataclasses.field(default_factory=list)
    """Containers that were told to stop, and when they will be killed."""

    def start(self, container: Container, words: Sequence[str] | None = None) -> Running:
        """Start a container, or another command in one like it."""
        command = words if words is not None else (*self.runtime.entrypoint, *container.command)
        environment = {**container.environment, **self.additions}
        return Running.start(self.runtime, container.limits, command, environment, self.log)

    def let_go(self, container: Container, running: Running) -> None:
        """Tell a container to stop, and go on: a service answers for some seconds more, and ECS waits for none."""
        running.tell_to_stop()
        self.stopping.append((container, running, time.monotonic() + container.limits.stop_seconds))

    def require_stopped(self) -> None:
        """Wait until the containers that were told to stop have ended. Raises TaskError when one had to be killed."""
        while self.stopping:
            container, running, until = self.stopping.pop()
            if not running.ended(max(until - time.monotonic(), 0)):
                took = container.limits.stop_seconds
                raise TaskError(f"{container.name} was killed: it did not end {took} s after its signal")


def read(aws: Emulator, stack: str) -> Task:
    """Read the task of the service in a deployed stack."""
    resources = aws.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    service = next(r["PhysicalResourceId"] for r in resources if r["ResourceType"] == "AWS::ECS::Service")
    ecs = aws.client("ecs")
    found = ecs.describe_services(cluster=service.split("/")[1], services=[service])["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
    group = found["loadBalancers"][0]["targetGroupArn"]
    health = aws.client("elbv2").describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    return Task(
        containers=tuple(_container(aws, raw) for raw in definition["containerDefinitions"]),
        target_group=group,
        health_path=health["HealthCheckPath"],
        health_code=health.get("Matcher", {}).get("HttpCode", "200"),
        ipv6=health.get("IpAddressType") == "ipv6",
    )


def prepare(task: Task, platform: Platform) -> list[str]:
    """Run the containers that others wait for, and return their names. Raises TaskError when one fails."""
    needed = {name for container in task.containers for name in container.waits_for}
    first = [container for container in task.containers if container.name in needed]
    for container in first:
        run(container, platform, container.name)
    return [container.name for container in first]


def run(container: Container, platform: Platform, called: str, words: Sequence[str] | None = None) -> None:
    """Run one container that ends by itself, or other words in one like it.

    Raises TaskError, in which it is `called` so, when it ends with an error.
    """
    running = platform.start(container, words)
    try:
        ended = running.process.wait(START_SECONDS)
    except subprocess.TimeoutExpired:
        running.stop()
        raise TaskError(f"{running.process.args!r} did not end within {START_SECONDS} s") from None
    if ended:
        raise TaskError(f"{called} ended with {ended}:\n{_tail(platform.log)}")


@contextmanager
def serving(task: Task, platform: Platform) -> Iterator[int]:
    """Run the container that gets the requests, and yield its port once its target group finds it healthy.

    Requests come from then on; the container's own health check, by which ECS replaces it, is run after them. At the
    end it is told to stop; `Platform.require_stopped` waits for it.
    """
    container = next(container for container in task.containers if container.port)
    port = free_port()  # not the definition's: another rehearsal on this machine may be about to take that
    container = dataclasses.replace(container, environment={**container.environment, "PORT": str(port)})
    running = platform.start(container)
    try:
        _wait_until_healthy(task, container, running, platform)
        yield port
        if container.health_command[:1] == ("CMD",):  # the container's own health check, which ECS would run
            run(container, platform, f"the health check of {container.name}", container.health_command[1:])
        # Nothing here can refuse it memory, so what it held is measured: ECS would have killed it.
        limit, used = container.limits.memory_mib, running.memory_mib()
        if running.confined and limit and used > limit:
            raise TaskError(f"{container.name} held {used:.0f} MiB; its task definition lets it have {limit}")
    finally:
        platform.let_go(container, running)


def _container(aws: Emulator, raw: Mapping[str, Any]) -> Container:
    environment = {item["name"]: item["value"] for item in raw.get("environment", ())}
    secrets = {item["name"]: secret_value(aws, item["valueFrom"]) for item in raw.get("secrets", ())}
    return Container(
        name=raw["name"],
        command=tuple(raw.get("command", ())),
        environment=environment | secrets,
        health_command=tuple(raw.get("healthCheck", {}).get("command", ())),
        waits_for=tuple(item["containerName"] for item in raw.get("dependsOn", ())),
        port=next((item["containerPort"] for item in raw.get("portMappings", ())), None),
        limits=Limits.of(raw),
    )


def secret_value(aws: Emulator, source: str) -> str:
    """Read a secret as ECS does: an ARN for all of it, `ARN:key::` for one key of a JSON secret."""
    parts = source.split(":")
    value: str = aws.client("secretsmanager").get_secret_value(SecretId=":".join(parts[:7]))["SecretString"]
    key = parts[7] if len(parts) > 7 else ""
    return str(json.loads(value)[key]) if key else value


def _wait_until_healthy(task: Task, container: Container, running: Running, platform: Platform) -> None:
    host = f"[{task.address}]" if task.ipv6 else task.address
    address = f"http://{host}:{container.environment['PORT']}{task.health_path}"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and running.process.poll() is None:
        status, _ = fetched(address)
        if str(status) == task.health_code:
            return
        time.sleep(0.02)
    raise TaskError(f"{container.name} does not answer {task.health_code} on {address}:\n{_tail(platform.log)}")


def _tail(log: Path) -> str:
    lines: Sequence[str] = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join(f"    | {line}" for line in lines)
