"""What a stage is like now: its stacks, the tasks that run, the database, the last backup."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ..aws.client import Aws, Pause
from ..aws.models import CLUSTER, SERVICE, StackState, outputs_of
from ..exit_codes import CommandError
from ..manifest import IMAGE, URL, StackSpec
from ..stacks.execution import statuses
from ..stacks.out_of_date import is_current
from ..stacks.templates import Template
from .stages import Part, Stage

CAPACITY_MINUTES = 10


def report(stage: Stage, templates: Mapping[str, Template], drift: bool = False) -> dict[str, Any]:
    """Return everything as data; `lines` says it in words. Drift takes a while and is looked for only when asked."""
    states = stage.states()
    around = {  # as a preview reads its stage's
        read: region
        for name, stack in stage.stacks.items()
        for read, region in templates[name].read_regions(stack.region).items()
        if read not in stage.stacks
    }
    outputs = stage.aws.outputs(around) | outputs_of(states)
    stacks = {
        name: _stack(stage, stage.stacks[name], state, templates[name], outputs, drift)
        for name, state in states.items()
    }
    return {
        "stacks": stacks,
        "takes_images": any(IMAGE in stack.defaults for stack in stage.stacks.values()),
        "services": [_service(stage.aws, part, states) for part in stage.parts(SERVICE)],
        "databases": [_database(stage.aws, part) for part in stage.parts(CLUSTER)],
        "url": next((state.outputs[URL] for state in states.values() if state and URL in state.outputs), None),
    }


def lines(found: Mapping[str, Any]) -> list[str]:
    """Say a report in words."""
    told = [_stack_line(name, facts) for name, facts in found["stacks"].items()]
    told += [f"    drifted: {name}" for facts in found["stacks"].values() for name in facts["drifted"] or ()]
    for facts in found["services"]:
        tasks = f"{facts['running']} of {facts['desired']} tasks run, {facts['pending']} start"
        told.append(f"{facts['name']}  {tasks}, {facts['failed']} failed, image {facts['image']}")
    told += ["service   nothing was released yet"] if found["takes_images"] and not found["services"] else []
    told += [_database_line(facts) for facts in found["databases"]]
    return told + ([found["url"]] if found["url"] else [])


def _stack(
    stage: Stage,
    stack: StackSpec,
    state: StackState | None,
    template: Template,
    outputs: Mapping[str, Mapping[str, str]],
    drift: bool,
) -> dict[str, Any]:
    if state is None:
        return {"status": statuses.ABSENT, "updated": None, "current": False, "protected": False, "drifted": None}
    return {
        "status": state.status,
        "updated": state.updated,
        "current": is_current(stage.aws, stack, state, template, outputs),
        "protected": state.protected,
        "drifted": _drifted(stage.aws, stack) if drift else None,
    }


def _drifted(aws: Aws, stack: StackSpec) -> list[str]:
    """Return the resources that somebody changed behind CloudFormation's back."""
    started = aws.call("cloudformation", stack.region, "detect_stack_drift", StackName=stack.name)
    given = {"StackDriftDetectionId": started["StackDriftDetectionId"]}
    pause = Pause()
    while True:
        now = aws.call("cloudformation", stack.region, "describe_stack_drift_detection_status", **given)
        if now["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        pause.take()
    asked = {"StackName": stack.name, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    found = aws.call("cloudformation", stack.region, "describe_stack_resource_drifts", **asked)
    return [
        f"{item['LogicalResourceId']} ({item['StackResourceDriftStatus']})" for item in found["StackResourceDrifts"]
    ]


def _service(aws: Aws, part: Part, states: Mapping[str, StackState | None]) -> dict[str, Any]:
    rollout = aws.rollout(part.stack.region, part.resource.physical_id)
    state = states[part.stack.name]
    return {
        "name": part.resource.logical_id,
        "image": state.parameters.get(IMAGE) if state else None,
        "desired": rollout.desired if rollout else 0,
        "running": rollout.running if rollout else 0,
        "pending": rollout.pending if rollout else 0,
        "failed": rollout.failed if rollout else 0,
        "rollout": rollout.state if rollout else "",
    }


def _database(aws: Aws, part: Part) -> dict[str, Any]:
    region, identifier = part.stack.region, part.resource.physical_id
    found = aws.database(region, identifier)
    units = _capacity(aws, region, identifier)
    return {
        "name": identifier,
        "status": "paused" if units == 0 else found["Status"],
        "capacity_units": units,
        "restorable_to": found.get("LatestRestorableTime"),
        "last_backup": _last_backup(aws, region, found["DBClusterArn"]),
    }


def _capacity(aws: Aws, region: str, cluster: str) -> float | None:
    """Return the capacity the cluster has now, in Aurora units; 0 is a paused one, None when there is no figure.

    Source: Amazon Aurora User Guide, "Monitoring Aurora Serverless v2": ServerlessDatabaseCapacity is 0 while paused.
    """
    now = datetime.datetime.now(datetime.UTC)
    given = {
        "Namespace": "AWS/RDS",
        "MetricName": "ServerlessDatabaseCapacity",
        "Dimensions": [{"Name": "DBClusterIdentifier", "Value": cluster}],
        "StartTime": now - datetime.timedelta(minutes=CAPACITY_MINUTES),
        "EndTime": now,
        "Period": 60,
        "Statistics": ["Average"],
    }
    points = aws.call("cloudwatch", region, "get_metric_statistics", **given).get("Datapoints", [])
    newest = max(points, key=lambda point: point["Timestamp"], default=None)
    return float(newest["Average"]) if newest else None


def _last_backup(aws: Aws, region: str, arn: str) -> Any:
    """Return when AWS Backup last finished a backup of the cluster, or None when it has made none."""
    try:
        found = aws.call("backup", region, "list_recovery_points_by_resource", ResourceArn=arn)["RecoveryPoints"]
    except CommandError:
        return None  # a stage without backups, or a person who may not look at them
    done = [point["CreationDate"] for point in found if point.get("Status") in ("COMPLETED", "AVAILABLE")]
    return max(done, default=None)


def _stack_line(name: str, facts: Mapping[str, Any]) -> str:
    meaning = statuses.status(facts["status"]).meaning
    marks = [] if facts["current"] or facts["status"] == statuses.ABSENT else ["differs from output/"]
    marks += ["protected"] if facts["protected"] else []
    since = f" since {facts['updated']:%Y-%m-%d %H:%M} UTC" if facts["updated"] else ""
    return f"{name}  {meaning}{since}{''.join(f', {mark}' for mark in marks)}"


def _database_line(facts: Mapping[str, Any]) -> str:
    units = f" at {facts['capacity_units']:g} units" if facts["capacity_units"] else ""
    backup = facts["last_backup"]
    kept = f"last backup {backup:%Y-%m-%d %H:%M} UTC" if backup else "no backup yet"
    latest = facts["restorable_to"]
    restorable = f"restorable to {latest:%Y-%m-%d %H:%M} UTC" if latest else "not restorable yet"
    return f"{facts['name']}  {facts['status']}{units}, {restorable}, {kept}"
