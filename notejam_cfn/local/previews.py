"""The part of a rehearsal that makes a preview beside the stage, uses it and ends it, as a developer does.

A database cluster is one PostgreSQL here, so that a preview makes a database of its own in it. When the preview's hour
has come its own schedule deletes its stack, and the stage's rule starts the task that drops its database.
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Callable, Sequence

from ..components.load_balancing.listeners import WAKING_PATH
from ..deploy.aws.client import Access, Aws
from ..deploy.manifest import Manifest, StackSpec
from ..deploy.previews import previews
from ..deploy.stacks.deploy import Deployment, Options
from ..deploy.stacks.destroy import Destruction
from ..deploy.stacks.destroy import Options as DestroyOptions
from ..deploy.stacks.stack_run import Session
from ..deploy.stacks.templates import read_templates
from ..deploy.ui.progress import Silent
from . import events, permissions
from .containers import task
from .database.postgres import Postgres
from .emulator import Emulator
from .entrance import entrance, smoke_client
from .promises import NOBODY, RehearsalError, require_good

NAME = "alice"
LASTS = "8h"
# A few seconds on a quiet machine, as benchmarks/preview.py shows; on a busy one more, but no minutes.
LONGEST_SECONDS = 30


@dataclasses.dataclass(frozen=True)
class Scene:
    """Where a preview is rehearsed: the account, what was built, and the platform that the stage's task runs on."""

    aws: Emulator
    manifest: Manifest
    stage: str
    address: str
    database: Postgres
    tell: Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Made:
    """A preview that was deployed: by whom, its stack's id and address, when it ends, and when making it began."""

    facade: Aws
    stack: StackSpec
    id: str
    url: str
    hour: str
    began: float


def rehearse(scene: Scene, platform: task.Platform, image: str) -> None:
    """Make a preview, use it and end it. Raises RehearsalError when something is not as promised."""
    before = set(databases(scene))
    made = make(scene, image)
    seconds = answer(scene, platform, made)
    if seconds > LONGEST_SECONDS:
        raise RehearsalError(f"{made.url} answered after {seconds:.1f} s")
    scene.tell(f"a preview answered at {made.url} after {seconds:.1f} s")
    wake_one_by_one(scene, made.stack, made.url)
    own = set(databases(scene)) - before
    if len(own) != 1:
        raise RehearsalError(f"the preview made {len(own)} databases of its own: {', '.join(sorted(own))}")
    permissions.let_services_work(scene.aws)
    expire(scene, platform, made)
    if set(databases(scene)) != before:
        raise RehearsalError("the preview has ended, and its database is still there")
    scene.tell(f"the preview ended by itself at {made.hour}, and nothing of it is left")
    remove(scene, platform, make(scene, image))
    scene.tell("a preview of its name was made again, and removed before its hour")


def make(scene: Scene, image: str) -> Made:
    """Deploy a preview, in the role for previews."""
    began = time.monotonic()
    stack = previews.spec(scene.manifest, scene.stage, NAME)
    account = Aws(Access(endpoint_url=scene.aws.url, keys=scene.aws.keys))
    facade = Aws(dataclasses.replace(account.access, role_arn=previews.role_arn(account, stack)))
    asked = previews.to_deploy(facade, scene.manifest, stack, LASTS, image)
    options = Options(yes=True, parameters=(f"ImageUri={image}",))
    results = Deployment(session(facade, asked), options).run()
    require_good(results)
    state = results[stack.name].state
    assert state
    return Made(facade, stack, state.id, state.outputs["Url"], asked.values[previews.EXPIRES], began)


def answer(scene: Scene, platform: task.Platform, made: Made) -> float:
    """Run the preview's task, use it by its address, and return the seconds until its first answer."""
    found = task.read(scene.aws, made.stack.name)
    task.prepare(found, platform)
    with task.serving(found, platform) as port, entrance.opened(scene.address, made.url) as way:
        local = task.local_address(found).strip("[]")
        entrance.Targets(scene.aws.client("elbv2"), found.target_group, local, port).bring_back()
        page = way.client().ask("/signin/")
        seconds = time.monotonic() - made.began
        if page.status != 200:
            raise RehearsalError(f"{made.url} answered {page.status} after {seconds:.1f} s")
        smoke_client.walk(way.client(), lambda words: None)
    return seconds


def wake_one_by_one(scene: Scene, stack: StackSpec, url: str) -> None:
    """Put the stage and the preview to sleep, and see that a visit to one of them wakes that one and not the other."""
    service = next(one for one in scene.manifest.stacks_of(scene.stage) if "ImageUri" in one.defaults)
    of_stage = scene.aws.client("cloudformation").describe_stacks(StackName=service.name)["Stacks"][0]["Outputs"]
    urls = {service.name: next(one["OutputValue"] for one in of_stage if one["OutputKey"] == "Url"), stack.name: url}
    for visited in urls:
        for name in urls:
            scale(scene, name, 0)
        with entrance.opened(scene.address, urls[visited]) as way:
            page = way.client().ask(WAKING_PATH)  # what CloudFront asks for in place of a 503
        awake = [name for name in urls if scale(scene, name)]
        if awake != [visited] or entrance.WAKING not in page.text:
            raise RehearsalError(f"a visit to {visited} woke {awake or 'nothing'}: {page.status} {page.text}")
        for name in urls:
            scale(scene, name, 1)
    scene.tell("a visit to the preview woke the preview only, one to the stage the stage")


def scale(scene: Scene, stack_name: str, tasks: int | None = None) -> int:
    """Return how many tasks a stack's service is to have, after setting it where a number is given."""
    found = scene.aws.client("cloudformation").describe_stack_resources(StackName=stack_name)["StackResources"]
    arn = next(one["PhysicalResourceId"] for one in found if one["ResourceType"] == "AWS::ECS::Service")
    _, cluster, name = arn.split("/")
    ecs = scene.aws.client("ecs")
    if tasks is not None:
        ecs.update_service(cluster=cluster, service=name, desiredCount=tasks)
    return int(ecs.describe_services(cluster=cluster, services=[name])["services"][0]["desiredCount"])


def expire(scene: Scene, platform: task.Platform, made: Made) -> None:
    """Let the preview's hour come: its schedule deletes its stack, and the stage's rule drops its database."""
    at = datetime.datetime.fromisoformat(made.hour)
    early = events.fire_due(scene.aws, at - datetime.timedelta(seconds=1))
    if early or len(events.fire_due(scene.aws, at)) != 1:
        raise RehearsalError(f"{made.stack.name} is to be deleted at {at}, once: {early or 'nothing'} before that")
    platform.require_stopped()  # ECS deletes a service when its tasks have ended
    wait_until_deleted(made.facade, made.stack, made.id)
    require_nothing_left(scene, made.stack)
    end(scene, platform, made.id)


def wait_until_deleted(account: Aws, stack: StackSpec, stack_id: str) -> None:
    """Wait for the end of a stack. Raises RehearsalError when it does not end, or stays."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        state = account.stack(stack.region, stack_id)
        if state is None or state.status == previews.GONE:
            return
        if state.status == "DELETE_FAILED":
            raise RehearsalError(f"{stack.name} could not be deleted: {state.reason}")
        time.sleep(0.05)
    raise RehearsalError(f"{stack.name} was not deleted within {LONGEST_SECONDS} s")


def require_nothing_left(scene: Scene, stack: StackSpec) -> None:
    """Look for what the preview made: its names begin with that of its stack."""
    aws, begin = scene.aws, f"{stack.name}-"
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=begin)["logGroups"]
    alarms = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=begin)["MetricAlarms"]
    schedules = aws.client("scheduler").list_schedules(NamePrefix=begin)["Schedules"]
    tagged = aws.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": previews.TAG, "Values": [NAME]}])
    found = [one["ResourceARN"] for one in tagged["ResourceTagMappingList"]]
    services = [one.split("/")[1:] for one in found if ":service/" in one]
    # ECS keeps revisions of task definitions, and for a while services, as inactive.
    kept = [one for one in found if ":service/" not in one and ":task-definition/" not in one]
    left = [*groups, *alarms, *schedules, *kept, *(one for one in services if is_active(scene, *one))]
    if left:
        raise RehearsalError(f"{stack.name} has ended, and left {left}")


def is_active(scene: Scene, cluster: str, service: str) -> bool:
    """Tell whether ECS runs a service, or still ends its tasks."""
    found = scene.aws.client("ecs").describe_services(cluster=cluster, services=[service])["services"]
    return any(one["status"] != "INACTIVE" for one in found)


def remove(scene: Scene, platform: task.Platform, made: Made) -> None:
    """End a preview before its hour, as a developer may."""
    stack = made.stack
    require_good(Destruction(session(made.facade, stack), DestroyOptions(yes=True)).run())
    platform.require_stopped()
    require_nothing_left(scene, stack)
    end(scene, platform, made.id)


def end(scene: Scene, platform: task.Platform, stack_id: str) -> None:
    """Tell EventBridge that the stack was deleted, and run what the stage's rule starts."""
    started = events.deliver(scene.aws, events.stack_status(stack_id, previews.GONE))
    if not started:
        raise RehearsalError(f"no rule hears that {stack_id} was deleted")
    for one in started:
        for _, command in events.commands_of(one):
            run(scene, platform, command)


def run(scene: Scene, platform: task.Platform, command: Sequence[str]) -> None:
    """Run a command in a task of the stage's own service. Raises TaskError when it fails."""
    service = next(stack for stack in scene.manifest.stacks_of(scene.stage) if "ImageUri" in stack.defaults)
    container = next(one for one in task.read(scene.aws, service.name).containers if one.port)
    task.run(dataclasses.replace(container, command=tuple(command)), platform)


def databases(scene: Scene) -> list[str]:
    """Return the databases in the cluster."""
    return scene.database.sql("SELECT datname FROM pg_database").split()


def session(facade: Aws, stack: StackSpec) -> Session:
    """Return what a run over a preview's stack takes, which shows nothing and asks nobody."""
    return Session(facade, (stack,), Silent({stack.name: stack.layer}, read_templates([stack])), NOBODY)
