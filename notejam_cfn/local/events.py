"""EventBridge and its Scheduler for a rehearsal: ministack keeps schedules and rules, and starts none of these kinds.

What they start is started in the role that the template gives them, so that the role's policies decide.
"""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from .commands import RehearsalError
from .emulator import Emulator

SDK = ":scheduler:::aws-sdk:"
ONCE = re.compile(r"at\((.+)\)")


class EventError(RehearsalError):
    """A schedule or a rule cannot start what it is to start."""


def fire_due(aws: Emulator, moment: datetime.datetime) -> list[str]:
    """Call what the schedules call that are due once, at a moment in UTC or before; return their names."""
    scheduler = aws.client("scheduler")
    due = []
    for each in scheduler.list_schedules()["Schedules"]:
        found = scheduler.get_schedule(Name=each["Name"], GroupName=each["GroupName"])
        at = ONCE.fullmatch(found["ScheduleExpression"])
        if at and datetime.datetime.fromisoformat(at[1]) <= moment.replace(tzinfo=None):
            due.append(found)
    for found in due:
        _call(aws, found["Target"], found["Name"])
    return [found["Name"] for found in due]


def _call(aws: Emulator, target: Mapping[str, Any], name: str) -> None:
    """Call a service's API by a universal target, such as `…:aws-sdk:cloudformation:deleteStack`.

    Source: Amazon EventBridge Scheduler User Guide, "Using universal targets".
    """
    import botocore.exceptions

    if SDK not in target["Arn"]:
        raise EventError(f"{name} calls {target['Arn']}, which nothing here can")
    service, operation = target["Arn"].split(SDK)[1].split(":")
    request = getattr(aws.client_in_role(service, target["RoleArn"]), re.sub(r"(?=[A-Z])", "_", operation).lower())
    try:
        request(**json.loads(target.get("Input", "{}")))
    except botocore.exceptions.ClientError as error:
        raise EventError(f"{name} cannot call {service}:{operation} as {target['RoleArn']}: {error}") from error


def stack_status(stack_id: str, status: str) -> dict[str, Any]:
    """Return the event of a stack that has reached a status.

    Source: AWS CloudFormation User Guide, "Managing CloudFormation events using EventBridge", stack status changes.
    """
    _, _, _, region, account, _ = stack_id.split("/")[0].split(":")
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "CloudFormation Stack Status Change",
        "source": "aws.cloudformation",
        "account": account,
        "time": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [stack_id],
        "detail": {"stack-id": stack_id, "status-details": {"status": status, "status-reason": ""}},
    }


def deliver(aws: Emulator, event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give an event to the rules whose patterns it has, and return the tasks of ECS that these start."""
    events = aws.client("events")
    started = []
    for rule in events.list_rules()["Rules"]:
        pattern = rule.get("EventPattern")
        if pattern and events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]:
            targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            started += [_run_task(aws, rule["Name"], one, event) for one in targets if "EcsParameters" in one]
    return started


def _run_task(aws: Emulator, rule: str, target: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    import botocore.exceptions

    given = target["EcsParameters"]
    place = given["NetworkConfiguration"]["awsvpcConfiguration"]
    try:
        answer = aws.client_in_role("ecs", target["RoleArn"]).run_task(
            cluster=target["Arn"],
            taskDefinition=given["TaskDefinitionArn"],
            launchType=given["LaunchType"],
            networkConfiguration={
                "awsvpcConfiguration": {"subnets": place["Subnets"], "securityGroups": place["SecurityGroups"]}
            },
            overrides=json.loads(transformed(target["InputTransformer"], event)),
        )
    except botocore.exceptions.ClientError as error:
        raise EventError(f"{rule} cannot run its task as {target['RoleArn']}: {error}") from error
    if answer["failures"]:
        raise EventError(f"{rule} started no task: {answer['failures']}")
    task: dict[str, Any] = answer["tasks"][0]
    return task


def transformed(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """Fill a target's template in with what its paths find in an event.

    Source: Amazon EventBridge User Guide, "Amazon EventBridge input transformation".
    """
    text: str = transformer["InputTemplate"]
    for name, path in transformer["InputPathsMap"].items():
        found: Any = event
        for key in path.removeprefix("$.").split("."):
            found = found[key]
        text = text.replace(f"<{name}>", str(found))
    return text


def commands_of(started: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield the containers of a task that were given a command, with it."""
    for one in started["overrides"]["containerOverrides"]:
        if "command" in one:
            yield one["name"], one["command"]
