"""What the containers of a service say: whether they are the new ones, and why they stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..aws.client import Aws, Pause, cluster_of
from ..aws.models import Event, StoppedTask
from ..exit_codes import CommandError
from ..stacks.execution.operations import SERVICE

TASK_DEFINITION = "AWS::ECS::TaskDefinition"
LOG_LINES = 5
TASKS = 2
SETTLE_SECONDS = 60


def stale_services(aws: Aws, region: str, stack: str) -> str:
    """Say which service of a stack does not run the task definitions of that stack; empty when all do.

    CloudFormation calls a stack done although ECS may have gone back to the tasks before: what runs is what counts.
    """
    held = aws.resources(region, stack)
    deployed = {resource.physical_id for resource in held if resource.type == TASK_DEFINITION}
    for service in (resource for resource in held if resource.type == SERVICE):
        running = _running(aws, region, service.physical_id)
        if not running <= deployed:
            old = ", ".join(sorted(arn.rpartition("/")[2] for arn in running - deployed))
            return f"{service.logical_id} still runs {old} instead of what was deployed"
    return ""


def unsettled(aws: Aws, region: str, stack: str) -> str:
    """Say the same after a while: for a minute, tasks of before may still be on their way out."""
    pause, deadline = Pause(first=1.0, most=5.0), time.monotonic() + SETTLE_SECONDS
    while (stale := stale_services(aws, region, stack)) and time.monotonic() < deadline:
        pause.take()
    return stale


def _running(aws: Aws, region: str, service: str) -> set[str]:
    rollout = aws.rollout(region, service)
    return aws.task_definitions_running(region, service) | ({rollout.task_definition} if rollout else set())


def evidence(aws: Aws, region: str, event: Event) -> tuple[StoppedTask, ...]:
    """Return why the tasks of a failed service stopped, and their last lines; empty when that cannot be known."""
    if event.type != SERVICE or "/" not in event.physical_id:
        return ()
    try:
        return stopped_tasks(aws, region, event.physical_id)
    except CommandError:
        return ()  # the cluster may be gone by now; the first cause is shown all the same


def stopped_tasks(aws: Aws, region: str, service: str) -> tuple[StoppedTask, ...]:
    """Return the tasks of a service that stopped lately. ECS remembers them for an hour."""
    cluster, name = cluster_of(service), service.rpartition("/")[2]
    arns = aws.call("ecs", region, "list_tasks", cluster=cluster, serviceName=name, desiredStatus="STOPPED")["taskArns"]
    if not arns:
        return ()
    found = aws.call("ecs", region, "describe_tasks", cluster=cluster, tasks=arns[:TASKS])["tasks"]
    return tuple(_stopped(aws, region, task) for task in found)


def _stopped(aws: Aws, region: str, task: Mapping[str, Any]) -> StoppedTask:
    containers = tuple(_container_words(container) for container in task.get("containers", ()))
    identifier = task["taskArn"].rpartition("/")[2]
    return StoppedTask(identifier, task.get("stoppedReason", ""), containers, _last_lines(aws, region, task))


def _container_words(container: Mapping[str, Any]) -> str:
    code = container.get("exitCode")
    ended = f"ended with {code}" if code is not None else "never started"
    reason = f": {container['reason']}" if container.get("reason") else ""
    return f"{container['name']} {ended}{reason}"


def _last_lines(aws: Aws, region: str, task: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the last lines of the container that ended with an error first."""
    failed = next((c for c in task.get("containers", ()) if c.get("exitCode")), None)
    if failed is None:
        return ()
    definition = aws.call("ecs", region, "describe_task_definition", taskDefinition=task["taskDefinitionArn"])
    options = _log_options(definition["taskDefinition"], failed["name"])
    if not options:
        return ()
    identifier = task["taskArn"].rpartition("/")[2]
    stream = f"{options['awslogs-stream-prefix']}/{failed['name']}/{identifier}"
    given = {"logGroupName": options["awslogs-group"], "logStreamName": stream, "limit": LOG_LINES}
    events = aws.call("logs", region, "get_log_events", **given)["events"]
    return tuple(event["message"].rstrip() for event in events)


def _log_options(definition: Mapping[str, Any], container: str) -> Mapping[str, str]:
    found = next(item for item in definition["containerDefinitions"] if item["name"] == container)
    options: Mapping[str, str] = found.get("logConfiguration", {}).get("options", {})
    return options
