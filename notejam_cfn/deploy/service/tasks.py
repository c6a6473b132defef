"""What the containers of a service say: whether they are the new ones, and why they stopped."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import Any

from ..aws.client import Aws, Pause, cluster_of
from ..aws.models import SERVICE, TASK_DEFINITION, Event, StoppedTask
from ..exit_codes import CommandError

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
        cluster, name = cluster_of(service.physical_id), service.physical_id.rpartition("/")[2]
        found = aws.tasks(region, cluster, serviceName=name)
        running = {task["taskDefinitionArn"] for task in found if task.get("desiredStatus") == "RUNNING"}
        rollout = aws.rollout(region, service.physical_id)
        running |= {rollout.task_definition} if rollout else set()
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


def evidence(aws: Aws, region: str, event: Event) -> tuple[StoppedTask, ...]:
    """Return why the tasks of a failed service stopped, and their last lines; empty when that cannot be known."""
    if event.type != SERVICE or "/" not in event.physical_id:
        return ()
    try:
        cluster, name = cluster_of(event.physical_id), event.physical_id.rpartition("/")[2]
        stopped = aws.tasks(region, cluster, serviceName=name, desiredStatus="STOPPED")  # of the last hour
        return tuple(_stopped(aws, region, task) for task in itertools.islice(stopped, TASKS))
    except CommandError:
        return ()  # the cluster may be gone by now; the first cause is shown all the same


def _stopped(aws: Aws, region: str, task: Mapping[str, Any]) -> StoppedTask:
    told = []
    for container in task.get("containers", ()):
        code = container.get("exitCode")
        ended = f"ended with {code}" if code is not None else "never started"
        reason = f": {container['reason']}" if container.get("reason") else ""
        told.append(f"{container['name']} {ended}{reason}")
    identifier = task["taskArn"].rpartition("/")[2]
    return StoppedTask(identifier, task.get("stoppedReason", ""), tuple(told), _last_lines(aws, region, task))


def _last_lines(aws: Aws, region: str, task: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the last lines of the container that ended with an error first."""
    failed = next((c for c in task.get("containers", ()) if c.get("exitCode")), None)
    if failed is None:
        return ()
    found = aws.call("ecs", region, "describe_task_definition", taskDefinition=task["taskDefinitionArn"])
    containers = found["taskDefinition"]["containerDefinitions"]
    defined = next(item for item in containers if item["name"] == failed["name"])
    options = defined.get("logConfiguration", {}).get("options", {})
    if not options:
        return ()
    identifier = task["taskArn"].rpartition("/")[2]
    stream = f"{options['awslogs-stream-prefix']}/{failed['name']}/{identifier}"
    return tuple(aws.last_log_lines(region, options["awslogs-group"], stream, LOG_LINES))
