"""The part of a rehearsal that makes a preview beside the stage, uses it and ends it, as a developer does.

A database cluster is one PostgreSQL here, so that a preview makes a database of its own in it; and when the preview's
stack is gone, the task that EventBridge would run is run, with the command that its rule gives it.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..components.load_balancing.listeners import WAKING_PATH
from ..deploy.aws.client import Access, Aws
from ..deploy.exit_codes import Exit
from ..deploy.manifest import Manifest, StackSpec
from ..deploy.previews import previews
from ..deploy.stacks.deploy import Deployment, Options, read_templates
from ..deploy.stacks.destroy import Destruction
from ..deploy.stacks.destroy import Options as DestroyOptions
from ..deploy.stacks.execution.executor import Prompter
from ..deploy.stacks.execution.outcomes import Result
from ..deploy.ui.progress import Silent
from ..deploy.ui.summary import exit_status, lines
from . import permissions
from .containers import task
from .database.postgres import Postgres
from .emulator import Emulator
from .entrance import entrance, smoke_client

NAME = "alice"
LASTS = "8h"
# A few seconds on a quiet machine; on a busy one more, but no minutes.
LONGEST_SECONDS = 30
NOBODY = Prompter(confirm=lambda question: True, ask=lambda question, choices: "undo")


class PreviewError(RuntimeError):
    """A preview is not what it promises."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """Where a preview is rehearsed: the account, what was built, and the platform that the stage's task runs on."""

    aws: Emulator
    manifest: Manifest
    stage: str
    address: str
    database: Postgres
    tell: Callable[[str], None]


def rehearse(scene: Scene, platform: task.Platform, image: str) -> None:
    """Make a preview, use it and end it. Raises PreviewError when something is not as promised."""
    stack = previews.spec(scene.manifest, scene.stage, NAME)
    account = Aws(Access(endpoint_url=scene.aws.url, keys=scene.aws.keys))
    facade = Aws(dataclasses.replace(account.access, role_arn=previews.role_arn(account, stack)))
    began = time.monotonic()
    asked = previews.to_deploy(facade, scene.manifest, stack, LASTS, image)
    results = deployed(facade, asked, image)
    made = set(databases(scene))
    answer(scene, platform, stack, results, began)
    own = set(databases(scene)) - made
    if len(own) != 1:
        raise PreviewError(f"the preview made {len(own)} databases of its own: {', '.join(sorted(own))}")
    require_hour(scene, stack, asked.values[previews.EXPIRES])
    permissions.let_services_work(scene.aws)
    state = account.stack(stack.region, stack.name)
    require_good(Destruction(facade, [stack], DestroyOptions(yes=True), progress_of(stack), NOBODY).run())
    platform.require_stopped()  # ECS deletes a service when its tasks have ended
    end(scene, platform, str(state.id if state else ""))
    if set(databases(scene)) != made:
        raise PreviewError("the preview has ended, and its database is still there")
    scene.tell("the preview was removed, and its database with it")


def deployed(facade: Aws, stack: StackSpec, image: str) -> dict[str, Result]:
    """Deploy the preview, in the role for previews."""
    options = Options(yes=True, parameters=(f"ImageUri={image}",))
    results = Deployment(facade, [stack], options, progress_of(stack), NOBODY).run()
    require_good(results)
    return results


def answer(
    scene: Scene, platform: task.Platform, stack: StackSpec, results: Mapping[str, Result], began: float
) -> None:
    """Run the preview's task, come to it by its address, and say after how long it answered for the first time."""
    state = results[stack.name].state
    url = state.outputs["Url"] if state else ""
    found = task.read(scene.aws, stack.name)
    task.prepare(found, platform)
    with task.serving(found, platform) as port, entrance.opened(scene.address, url) as way:
        local = task.local_address(found).strip("[]")
        entrance.Targets(scene.aws.client("elbv2"), found.target_group, local, port).bring_back()
        page = way.client().ask("/signin/")
        seconds = time.monotonic() - began
        if page.status != 200 or seconds > LONGEST_SECONDS:
            raise PreviewError(f"{url} answered {page.status} after {seconds:.1f} s")
        scene.tell(f"a preview answered at {url} after {seconds:.1f} s")
        smoke_client.walk(way.client(), lambda words: None)
    wake_one_by_one(scene, stack, url)


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
            raise PreviewError(f"a visit to {visited} woke {awake or 'nothing'}: {page.status} {page.text}")
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


def require_hour(scene: Scene, stack: StackSpec, hour: str) -> None:
    """Look at the schedule in the stack: it deletes that stack at its hour, in a role that may."""
    found = [each for each in scene.aws.client("scheduler").list_schedules()["Schedules"] if stack.name in each["Name"]]
    schedules = [scene.aws.client("scheduler").get_schedule(Name=each["Name"]) for each in found]
    ends = [each for each in schedules if each["ScheduleExpression"] == f"at({hour})"]
    if len(ends) != 1 or stack.name not in ends[0]["Target"]["Input"]:
        raise PreviewError(f"no schedule of {stack.name} deletes it at {hour}: {schedules}")
    scene.tell(f"the preview ends by itself at {hour}")


def end(scene: Scene, platform: task.Platform, stack_id: str) -> None:
    """Run what the stage's rule starts when the stack of a preview is deleted."""
    events = scene.aws.client("events")
    for rule in events.list_rules()["Rules"]:
        if matches(json.loads(rule.get("EventPattern") or "{}"), stack_id):
            (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            run(scene, platform, command_of(target, stack_id))
            return
    raise PreviewError(f"no rule hears that {stack_id} was deleted")


def matches(pattern: Mapping[str, Any], stack_id: str) -> bool:
    """Tell whether a pattern takes the event of that stack's deletion."""
    detail = pattern.get("detail", {})
    statuses = detail.get("status-details", {}).get("status", ())
    wildcards = [one["wildcard"] for one in detail.get("stack-id", ()) if isinstance(one, dict) and "wildcard" in one]
    return "DELETE_COMPLETE" in statuses and any(fnmatch.fnmatchcase(stack_id, one) for one in wildcards)


def command_of(target: Mapping[str, Any], stack_id: str) -> list[str]:
    """Return the command that a rule's target gives the container, filled in as EventBridge does."""
    overrides = json.loads(target["InputTransformer"]["InputTemplate"].replace("<stack>", stack_id))
    command: list[str] = overrides["containerOverrides"][0]["command"]
    return command


def run(scene: Scene, platform: task.Platform, command: Sequence[str]) -> None:
    """Run a command in a task of the stage's own service. Raises TaskError when it fails."""
    service = next(stack for stack in scene.manifest.stacks_of(scene.stage) if "ImageUri" in stack.defaults)
    container = next(one for one in task.read(scene.aws, service.name).containers if one.port)
    task.run(dataclasses.replace(container, command=tuple(command)), platform)


def databases(scene: Scene) -> list[str]:
    """Return the databases in the cluster."""
    return scene.database.sql("SELECT datname FROM pg_database").split()


def progress_of(*stacks: StackSpec) -> Silent:
    """Show nothing."""
    return Silent({stack.name: stack.layer for stack in stacks}, read_templates(stacks))


def require_good(results: Mapping[str, Result]) -> None:
    """Raise PreviewError unless everything went well."""
    if exit_status(results) is not Exit.DONE:
        raise PreviewError("\n".join(lines(results, 0, "")))
