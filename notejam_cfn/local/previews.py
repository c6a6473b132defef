"""The part of a rehearsal that makes a preview beside the stage, uses it and ends it, as a developer does.

A database cluster is one PostgreSQL here, so that a preview makes a database of its own in it. When the preview's hour
has come its own schedule deletes its stack, and the stage's rule starts the task that drops its database.
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from typing import TYPE_CHECKING

from ..components.load_balancing.listeners import WAKING_PATH
from ..deploy.aws.client import Aws
from ..deploy.manifest import StackSpec
from ..deploy.previews import previews
from . import events, permissions
from .commands import Commands, RehearsalError
from .containers import task
from .entrance import entrance, smoke_client

if TYPE_CHECKING:
    from .rehearse import Rehearsal

NAME = "alice"
LASTS = "8h"
# A few seconds on a quiet machine, as benchmarks/preview.py shows; on a busy one more, but no minutes.
LONGEST_SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Made:
    """A preview that was deployed: as whom, its stack's id and address, when it ends, and when making it began."""

    aws: Aws
    stack: StackSpec
    id: str
    url: str
    hour: str
    began: float


def rehearse(rehearsal: Rehearsal, platform: task.Platform, image: str) -> None:
    """Make a preview, use it and end it. Raises RehearsalError when something is not as promised."""
    before = set(databases(rehearsal))
    made = make(rehearsal, image)
    seconds = answer(rehearsal, platform, made)
    if seconds > LONGEST_SECONDS:
        raise RehearsalError(f"{made.url} answered after {seconds:.1f} s")
    rehearsal.tell(f"a preview answered at {made.url} after {seconds:.1f} s")
    wake_one_by_one(rehearsal, made.stack, made.url)
    own = set(databases(rehearsal)) - before
    if len(own) != 1:
        raise RehearsalError(f"the preview made {len(own)} databases of its own: {', '.join(sorted(own))}")
    permissions.let_services_work(rehearsal.aws)
    expire(rehearsal, platform, made)
    if set(databases(rehearsal)) != before:
        raise RehearsalError("the preview has ended, and its database is still there")
    rehearsal.tell(f"the preview ended by itself at {made.hour}, and nothing of it is left")
    remove(rehearsal, platform, make(rehearsal, image))
    rehearsal.tell("a preview of its name was made again, and removed before its hour")


def make(rehearsal: Rehearsal, image: str) -> Made:
    """Deploy a preview, in the role for previews."""
    began = time.monotonic()
    stack = previews.spec(rehearsal.manifest, rehearsal.settings.stage, NAME)
    aws = rehearsal.account.in_role(previews.role_arn(rehearsal.account, stack))
    asked = previews.to_deploy(aws, rehearsal.manifest, stack, LASTS, image)
    state = Commands(aws, [asked]).deploy(f"ImageUri={image}")[stack.name].state
    assert state
    return Made(aws, stack, state.id, state.outputs["Url"], asked.values[previews.EXPIRES], began)


def answer(rehearsal: Rehearsal, platform: task.Platform, made: Made) -> float:
    """Run the preview's task, use it by its address, and return the seconds until its first answer."""
    found = task.read(rehearsal.aws, made.stack.name)
    task.prepare(found, platform)
    with task.serving(found, platform) as port, entrance.opened(rehearsal.network_address, made.url) as way:
        entrance.Targets(rehearsal.aws.client("elbv2"), found.target_group, found.address, port).bring_back()
        page = way.client().ask("/signin/")
        seconds = time.monotonic() - made.began
        if page.status != 200:
            raise RehearsalError(f"{made.url} answered {page.status} after {seconds:.1f} s")
        smoke_client.walk(way.client(), lambda words: None)
    return seconds


def wake_one_by_one(rehearsal: Rehearsal, stack: StackSpec, url: str) -> None:
    """Put the stage and the preview to sleep, and see that a visit to one of them wakes that one and not the other."""
    service = rehearsal.service
    state = rehearsal.account.stack(service.region, service.name)
    assert state
    urls = {service.name: state.outputs["Url"], stack.name: url}
    for visited in urls:
        for name in urls:
            scale(rehearsal, name, 0)
        with entrance.opened(rehearsal.network_address, urls[visited]) as way:
            page = way.client().ask(WAKING_PATH)  # what CloudFront asks for in place of a 503
        awake = [name for name in urls if scale(rehearsal, name)]
        if awake != [visited] or entrance.WAKING not in page.text:
            raise RehearsalError(f"a visit to {visited} woke {awake or 'nothing'}: {page.status} {page.text}")
        for name in urls:
            scale(rehearsal, name, 1)
    rehearsal.tell("a visit to the preview woke the preview only, one to the stage the stage")


def scale(rehearsal: Rehearsal, stack_name: str, tasks: int | None = None) -> int:
    """Return how many tasks a stack's service is to have, after setting it where a number is given."""
    found = rehearsal.aws.client("cloudformation").describe_stack_resources(StackName=stack_name)["StackResources"]
    arn = next(one["PhysicalResourceId"] for one in found if one["ResourceType"] == "AWS::ECS::Service")
    _, cluster, name = arn.split("/")
    ecs = rehearsal.aws.client("ecs")
    if tasks is not None:
        ecs.update_service(cluster=cluster, service=name, desiredCount=tasks)
    return int(ecs.describe_services(cluster=cluster, services=[name])["services"][0]["desiredCount"])


def expire(rehearsal: Rehearsal, platform: task.Platform, made: Made) -> None:
    """Let the preview's hour come: its schedule deletes its stack, and the stage's rule drops its database."""
    at = datetime.datetime.fromisoformat(made.hour)
    early = events.fire_due(rehearsal.aws, at - datetime.timedelta(seconds=1))
    if early or len(events.fire_due(rehearsal.aws, at)) != 1:
        raise RehearsalError(f"{made.stack.name} is to be deleted at {at}, once: {early or 'nothing'} before that")
    platform.require_stopped()  # ECS deletes a service when its tasks have ended
    wait_until_deleted(made)
    require_nothing_left(rehearsal, made.stack)
    end(rehearsal, platform, made.id)


def wait_until_deleted(made: Made) -> None:
    """Wait for the end of a preview's stack. Raises RehearsalError when it does not end, or stays."""
    stack, deadline = made.stack, time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        state = made.aws.stack(stack.region, made.id)
        if state is None or state.status == previews.GONE:
            return
        if state.status == "DELETE_FAILED":
            raise RehearsalError(f"{stack.name} could not be deleted: {state.reason}")
        time.sleep(0.05)
    raise RehearsalError(f"{stack.name} was not deleted within {LONGEST_SECONDS} s")


def require_nothing_left(rehearsal: Rehearsal, stack: StackSpec) -> None:
    """Look for what the preview made: its names begin with that of its stack."""
    aws, begin = rehearsal.aws, f"{stack.name}-"
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=begin)["logGroups"]
    alarms = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=begin)["MetricAlarms"]
    schedules = aws.client("scheduler").list_schedules(NamePrefix=begin)["Schedules"]
    tagged = aws.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": previews.TAG, "Values": [NAME]}])
    found = [one["ResourceARN"] for one in tagged["ResourceTagMappingList"]]
    # ECS keeps revisions of task definitions, and for a while services, as inactive.
    kept = [one for one in found if ":service/" not in one and ":task-definition/" not in one]
    for arn in (one for one in found if ":service/" in one):
        _, cluster, name = arn.split("/")
        services = aws.client("ecs").describe_services(cluster=cluster, services=[name])["services"]
        kept += [one for one in services if one["status"] != "INACTIVE"]
    left = [*groups, *alarms, *schedules, *kept]
    if left:
        raise RehearsalError(f"{stack.name} has ended, and left {left}")


def remove(rehearsal: Rehearsal, platform: task.Platform, made: Made) -> None:
    """End a preview before its hour, as a developer may."""
    Commands(made.aws, [made.stack]).destroy(unprotect=False)
    platform.require_stopped()
    require_nothing_left(rehearsal, made.stack)
    end(rehearsal, platform, made.id)


def end(rehearsal: Rehearsal, platform: task.Platform, stack_id: str) -> None:
    """Tell EventBridge that the stack was deleted, and run what the stage's rule starts."""
    started = events.deliver(rehearsal.aws, events.stack_status(stack_id, previews.GONE))
    if not started:
        raise RehearsalError(f"no rule hears that {stack_id} was deleted")
    own = next(one for one in task.read(rehearsal.aws, rehearsal.service.name).containers if one.port)
    for one in started:
        for _, command in events.commands_of(one):
            task.run(dataclasses.replace(own, command=tuple(command)), platform, " ".join(command))


def databases(rehearsal: Rehearsal) -> list[str]:
    """Return the databases in the cluster."""
    return rehearsal.database.sql("SELECT datname FROM pg_database").split()
