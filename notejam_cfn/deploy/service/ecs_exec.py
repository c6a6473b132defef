"""Opens a shell, or runs a command, in a running container, through ECS Exec."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from typing import Any

from ..aws.client import Aws, cluster_of
from ..exit_codes import Refused
from .stages import Stage

PLUGIN = "session-manager-plugin"


def session_command(aws: Aws, stage: Stage, container: str, command: str) -> list[str]:
    """Begin a session and return the command line that connects a terminal to it.

    The plugin is called as the AWS CLI calls it. Source: AWS Systems Manager User Guide, "Session Manager plugin".
    Raises Refused when the stage does not allow it, nothing runs, or the plugin is not installed.
    """
    if not shutil.which(PLUGIN):
        raise Refused(
            f"{PLUGIN} is not installed", "Install the Session Manager plugin for the AWS CLI, then try again"
        )
    service = stage.service()
    region, arn = service.stack.region, service.resource.physical_id
    task = _running_task(aws, region, arn)
    runtime = next((item.get("runtimeId", "") for item in task["containers"] if item["name"] == container), "")
    target = {"Target": f"ecs:{cluster_of(arn)}_{task['taskArn'].rpartition('/')[2]}_{runtime}"}
    given = {"cluster": cluster_of(arn), "task": task["taskArn"], "container": container, "interactive": True}
    session = aws.call("ecs", region, "execute_command", command=command, **given)["session"]
    endpoint = aws.access.endpoint_url or ""
    return [PLUGIN, json.dumps(session), region, "StartSession", "", json.dumps(target), endpoint]


def _running_task(aws: Aws, region: str, service: str) -> Mapping[str, Any]:
    cluster = cluster_of(service)
    found = aws.call("ecs", region, "describe_services", cluster=cluster, services=[service])["services"][0]
    if not found.get("enableExecuteCommand"):
        raise Refused(
            "this stage does not allow a shell in its containers",
            "Set service.exec_access = true for it in notejam.toml, build and deploy; production should stay closed",
        )
    task = next(aws.tasks(region, cluster, serviceName=found["serviceName"]), None)
    if task is None:
        raise Refused("no task runs at the moment", "Open the stage's address to wake it, then try again")
    return task
