"""Teaches ministack what a stack leaves: names that are taken, and logs that services write when it is gone.

A physical name that exists in an account and region cannot be taken again, and a service that still has lines to write
makes its log group anew, without retention or key. ministack overwrites the one and knows nothing of the other.
Source: https://github.com/hashicorp/terraform-provider-aws/issues/42858
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from . import schemas

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, Any]]
STACK, GROUP = "AWS::CloudFormation::Stack", "AWS::Logs::LogGroup"
# ministack's own types whose names may be taken: the function that makes one, its service and the record of all.
OWN = {
    GROUP: ("_cwlogs_create", "cloudwatch_logs", "_log_groups"),
    "AWS::RDS::DBCluster": ("_rds_db_cluster_create", "rds", "_clusters"),
    "AWS::Backup::BackupVault": ("_backup_vault_create", "backup", "_vaults"),
}
# Types that their schema identifies by a number, though a name can be taken only once too.
NAMES = {"AWS::CodeCommit::Repository": ("RepositoryName",)}
# When a stack has come to one of these, its services write what they still had.
ENDED = ("DELETE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


class Leftovers:
    """The names of stand-ins that exist, and the logs that are still to be written, by stack."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, ...], str] = {}
        self.unwritten: dict[str, set[str]] = {}

    def forget(self) -> None:
        """Forget everything, as a reset does."""
        self.names.clear()
        self.unwritten.clear()

    def take(self, kind: str, properties: Properties, physical_id: str) -> None:
        """Take the name of a stand-in. Raises ValueError, in CloudFormation's words, when it is taken."""
        name = named(kind, properties)
        if not name:
            return
        if (*_place(), kind, name) in self.names:
            raise _exists(kind, name)
        self.names[*_place(), kind, name] = physical_id

    def release(self, kind: str, properties: Properties, physical_id: str) -> None:
        """Give the name of a deleted stand-in back."""
        key = (*_place(), kind, named(kind, properties))
        if self.names.get(key) == physical_id:
            del self.names[key]

    def deleted(self, kind: str, physical_id: str, properties: Properties, stack_name: str | None) -> None:
        """Remember which log a deleted resource's service still writes to."""
        group = _log_group(kind, physical_id, properties)
        if group:
            self.unwritten.setdefault(stack_name or "", set()).add(group)

    def write(self, stack_name: str) -> None:
        """Write the late lines of a stack's services, which makes the log groups that are gone again."""
        groups = importlib.import_module("ministack.services.cloudwatch_logs")
        for name in self.unwritten.pop(stack_name, ()):
            if name not in groups._log_groups:
                groups._create_log_group({"logGroupName": name})


LEFTOVERS = Leftovers()


def register(provisioners: Any, stacks: Any) -> None:
    """Change ministack in this process."""
    for kind, (function, service, records) in OWN.items():
        refusing = _refusing_taken(kind, getattr(provisioners, function), service, records)
        setattr(provisioners, function, refusing)
        provisioners._RESOURCE_HANDLERS[kind] |= {"create": refusing}
    stacks._add_event = _writing_late(stacks._add_event)
    cloudformation: Any = importlib.import_module("ministack.services.cloudformation")
    cloudformation.reset = _forgetting(cloudformation.reset)


def draw_name(provisioners: Any) -> None:
    """Let the names that CloudFormation makes up differ between two stacks of one name, as they do on AWS."""
    if not provisioners._NAME_SEED.get():
        provisioners._NAME_SEED.set(uuid.uuid4().hex[:8])


def named(kind: str, properties: Properties) -> str:
    """Return the name that a template gives a resource, or an empty text when it gives none."""
    known = schemas.resource_type(kind)
    parts = [properties.get(part) for part in NAMES.get(kind, known.identifiers)] if known else []
    return "|".join(map(str, parts)) if parts and all(parts) else ""


def _refusing_taken(kind: str, real: Callable[..., Provisioned], service: str, records: str) -> Any:
    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        name = named(kind, properties)
        if name and name in getattr(importlib.import_module(f"ministack.services.{service}"), records):
            raise _exists(kind, name)
        return real(logical_id, properties, stack_name)

    return create


def _writing_late(add_event: Callable[..., Any]) -> Callable[..., Any]:
    def add(stack_id: str, name: str, logical_id: str, kind: str, status: str, *more: Any, **rest: Any) -> Any:
        if kind == STACK and logical_id == name and status in ENDED:
            LEFTOVERS.write(name)
        if kind == STACK and logical_id == name and status == "ROLLBACK_FAILED":
            _keep_what_could_not_go(name)
        return add_event(stack_id, name, logical_id, kind, status, *more, **rest)

    return add


def _keep_what_could_not_go(stack_name: str) -> None:
    """Leave a stack what its rollback could not delete, so that its deletion tries again; ministack forgets it."""
    stack = importlib.import_module("ministack.services.cloudformation")._stacks[stack_name]
    for logical_id, record in stack["_rollback_failed"].items():
        stack["_resources"][logical_id] = {
            "LogicalResourceId": logical_id,
            "ResourceStatus": "DELETE_FAILED",
            "Attributes": {},
            "Timestamp": datetime.now(UTC).isoformat(),
            **record,
        }


def _forgetting(reset: Callable[[], Any]) -> Callable[[], Any]:
    def forget() -> Any:
        LEFTOVERS.forget()
        return reset()

    return forget


def _log_group(kind: str, physical_id: str, properties: Properties) -> str:
    if kind == "AWS::RDS::DBCluster" and properties.get("EnableCloudwatchLogsExports"):
        return f"/aws/rds/cluster/{physical_id}/postgresql"
    settings = {each["Name"]: each["Value"] for each in properties.get("ClusterSettings", ())}
    if kind == "AWS::ECS::Cluster" and settings.get("containerInsights", "disabled") != "disabled":
        return f"/aws/ecs/containerinsights/{physical_id}/performance"
    return ""


def _exists(kind: str, name: str) -> ValueError:
    return ValueError(f"Resource of type '{kind}' with identifier '{name}' already exists.")


def _place() -> tuple[str, str]:
    caller = importlib.import_module("ministack.core.responses")
    return caller.get_account_id(), caller.get_region()
