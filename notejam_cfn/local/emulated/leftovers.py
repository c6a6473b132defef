"""Teaches ministack what a stack leaves: logs that services write when it is gone, and what could not be deleted.

A service that still has lines to write makes its log group anew, without retention or key; its name is then taken.
Source: https://github.com/hashicorp/terraform-provider-aws/issues/42858
"""

from __future__ import annotations

from datetime import UTC, datetime

from .ministack import Properties, module, stack

# When a stack has come to one of these, its services write what they still had.
ENDED = ("DELETE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_unwritten: dict[str, set[str]] = {}
"""The log groups that services of deleted resources still write to, by stack."""


def forget() -> None:
    """Forget what is still to be written, when ministack forgets its resources."""
    _unwritten.clear()


def deleted(kind: str, physical_id: str, properties: Properties, stack_name: str | None) -> None:
    """Remember which log a deleted resource's service still writes to."""
    if kind == "AWS::RDS::DBCluster" and properties.get("EnableCloudwatchLogsExports"):
        group = f"/aws/rds/cluster/{physical_id}/postgresql"
    elif kind == "AWS::ECS::Cluster" and any(
        each["Name"] == "containerInsights" and each["Value"] != "disabled"
        for each in properties.get("ClusterSettings", ())
    ):
        group = f"/aws/ecs/containerinsights/{physical_id}/performance"
    else:
        return
    _unwritten.setdefault(stack_name or "", set()).add(group)


def come_to(stack_name: str, status: str) -> None:
    """Do what happens when a stack comes to a status.

    Its services write their late lines, which makes the log groups that are gone again. What a rollback could not
    delete stays the stack's, so that its deletion tries again; ministack forgets it.
    """
    if status in ENDED:
        groups = module("services.cloudwatch_logs")
        for name in _unwritten.pop(stack_name, ()):
            if name not in groups._log_groups:
                groups._create_log_group({"logGroupName": name})
    if status == "ROLLBACK_FAILED":
        for logical_id, record in stack(stack_name)["_rollback_failed"].items():
            stack(stack_name)["_resources"][logical_id] = {
                "LogicalResourceId": logical_id,
                "ResourceStatus": "DELETE_FAILED",
                "Attributes": {},
                "Timestamp": datetime.now(UTC).isoformat(),
                **record,
            }
