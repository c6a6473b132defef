"""What AWS says, as inert data. Made by `response_parsers.py`, read by everything else."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

STACK, CLUSTER = "AWS::CloudFormation::Stack", "AWS::RDS::DBCluster"
SERVICE, TASK_DEFINITION = "AWS::ECS::Service", "AWS::ECS::TaskDefinition"


@dataclasses.dataclass(frozen=True)
class StackState:
    """A stack as it is now."""

    name: str
    id: str
    status: str
    reason: str = ""
    description: str = ""
    parameters: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    outputs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    protected: bool = False
    updated: datetime.datetime | None = None
    created: datetime.datetime | None = None

    @property
    def busy(self) -> bool:
        """Whether an operation is under way. REVIEW_IN_PROGRESS is none: it waits for a person."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


def outputs_of(states: Mapping[str, StackState | None]) -> dict[str, Mapping[str, str]]:
    """Return the outputs of stacks by name; one that does not exist is left out."""
    return {name: state.outputs for name, state in states.items() if state}


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened to a resource, or to the stack itself."""

    id: str
    stack_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    time: datetime.datetime
    token: str = ""

    @property
    def of_stack(self) -> bool:
        """Whether it is about the stack itself."""
        return self.type == STACK and self.physical_id == self.stack_id

    @property
    def failed(self) -> bool:
        """Whether something went wrong."""
        return self.status.endswith("_FAILED")


@dataclasses.dataclass(frozen=True)
class HeldResource:
    """A resource that a stack holds."""

    logical_id: str
    physical_id: str
    type: str
    status: str


@dataclasses.dataclass(frozen=True)
class Change:
    """What a change set would do to a resource. `replaced` is yes, maybe or no."""

    action: str
    logical_id: str
    type: str
    replaced: str = "no"
    properties: tuple[str, ...] = ()

    @property
    def goes(self) -> bool:
        """Whether the resource there is now goes for sure; where it may, CloudFormation knows less than the plan."""
        return self.action == "Remove" or (self.action == "Modify" and self.replaced == "yes")


@dataclasses.dataclass(frozen=True)
class ChangeSet:
    """A change set that was created. One that found nothing to change cannot be executed."""

    id: str
    changes: tuple[Change, ...]
    executable: bool = True


@dataclasses.dataclass(frozen=True)
class RolloutState:
    """How far ECS is in replacing the tasks of a service."""

    task_definition: str
    desired: int
    running: int
    pending: int
    failed: int
    state: str


@dataclasses.dataclass(frozen=True)
class StoppedTask:
    """A task that ended, and why."""

    id: str
    reason: str
    containers: tuple[str, ...]
    log_lines: tuple[str, ...] = ()
