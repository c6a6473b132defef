"""Follows an operation of CloudFormation to its end, takes it back when the person asks, and knows who began one."""

from __future__ import annotations

import dataclasses
import datetime
import getpass
import re
import secrets
import time
from collections.abc import Sequence

from ...aws.client import Aws, Pause
from ...aws.models import SERVICE, Event, RolloutState, StackState
from ...exit_codes import Throttled, Unreachable
from ...ui.signals import Control
from .scheduler import Emit

PATIENCE_SECONDS = 600
QUIET_LOOKS = 15
_TOKEN = re.compile(r"notejam-(?P<who>.+)-(?P<when>\d{8}T\d{6})-[0-9a-f]{6}$")


@dataclasses.dataclass(frozen=True)
class RolloutEvent:
    """A message: how far ECS is with a service."""

    logical_id: str
    rollout: RolloutState


@dataclasses.dataclass(frozen=True)
class Heartbeat:
    """A message: still there, nothing new."""


@dataclasses.dataclass(frozen=True)
class OperationResult:
    """How an operation ended: the stack's state then, and what happened on the way."""

    state: StackState
    events: tuple[Event, ...]
    undone: bool = False


def new_token(now: datetime.datetime | None = None) -> str:
    """Return a token that marks every event of an operation with who began it and when, and is never used twice.

    CloudFormation takes a second request with the same token for the first one, repeated.
    """
    moment = now or datetime.datetime.now(datetime.UTC)
    return f"notejam-{user()}-{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def user() -> str:
    """Return the name of the person at this machine, as a token can hold it."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number without a name
        name = ""
    return re.sub(r"[^a-zA-Z0-9]+", "-", name).strip("-") or "someone"


def began_by(token: str) -> tuple[str, str] | None:
    """Return who began an operation and when, from its token, or None when another tool did."""
    found = _TOKEN.match(token)
    if not found:
        return None
    when = datetime.datetime.strptime(found["when"], "%Y%m%dT%H%M%S")
    return found["who"], f"{when:%Y-%m-%d %H:%M:%S} UTC"


@dataclasses.dataclass
class Operation:
    """One operation on one stack, from its first event to its last. Without a token it is somebody else's."""

    aws: Aws
    region: str
    stack_id: str
    token: str
    after: str | None
    control: Control
    events: list[Event] = dataclasses.field(default_factory=list)
    rolling: dict[str, str] = dataclasses.field(default_factory=dict)
    undone: bool = False
    quiet_looks: int = 0

    def follow(self, tell: Emit) -> OperationResult:
        """Tell what happens until the operation has ended.

        A lost network is waited out for ten minutes. Raises when credentials end: the operation itself goes on.
        """
        pause, silent_since = Pause(), None
        while True:
            try:
                ended = self._look(tell)
                silent_since = None
            except (Unreachable, Throttled) as error:
                if silent_since is None:
                    silent_since = time.monotonic()
                    tell(f"{error}; trying again, the operation goes on meanwhile")
                if time.monotonic() - silent_since > PATIENCE_SECONDS:
                    raise
                ended = None
            if ended:
                return OperationResult(ended, tuple(self.events), self.undone)
            pause.take(self.control.wake)

    def _look(self, tell: Emit) -> StackState | None:
        """Tell what is new, and return the stack's state once the operation is over."""
        if self.control.undo and not self.undone:
            self._undo(tell)
        news = self.aws.events(self.region, self.stack_id, self.after)
        for event in news:
            self.after = event.id
            self.events.append(event)
            tell(event)
            if event.type == SERVICE and event.physical_id:
                self.rolling[event.logical_id] = event.physical_id
                if not event.status.endswith("_IN_PROGRESS"):
                    del self.rolling[event.logical_id]
        for logical_id, arn in self.rolling.items():
            rollout = self.aws.rollout(self.region, arn)
            if rollout:
                tell(RolloutEvent(logical_id, rollout))
        tell(Heartbeat())
        self.quiet_looks = 0 if news else self.quiet_looks + 1
        if not self._may_be_over(news):
            return None
        state = self.aws.stack(self.region, self.stack_id)
        return state if state and not state.busy else None  # a failed creation, for one, is then taken back

    def _may_be_over(self, news: Sequence[Event]) -> bool:
        """Whether to look at the stack itself: its last event was told, or may have been before anyone listened.

        One's own operation is not looked at early: for a moment the stack still shows how the one before it ended.
        """
        if any(event.of_stack and not event.status.endswith("_IN_PROGRESS") for event in news):
            return True
        return self.quiet_looks > 0 and self.quiet_looks % (QUIET_LOOKS if self.token else 1) == 0

    def _undo(self, tell: Emit) -> None:
        """Take back what is under way: what is being created is deleted, what is being updated is rolled back."""
        state = self.aws.stack(self.region, self.stack_id)
        self.undone = True
        self.control.wake.clear()
        if state and state.status == "CREATE_IN_PROGRESS":
            tell("stopping the creation; what was created is deleted")
            self.aws.protect(self.region, self.stack_id, enabled=False)
            self.aws.delete_stack(self.region, self.stack_id, self.token)
        elif state and state.status == "UPDATE_IN_PROGRESS":
            tell("stopping the update; CloudFormation takes it back")
            self.aws.cancel_update(self.region, self.stack_id, self.token)
        else:
            tell("too late to stop; waiting for the end")
