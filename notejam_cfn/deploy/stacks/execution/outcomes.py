"""What became of each stack of a run."""

from __future__ import annotations

import dataclasses
import enum

from ...aws.models import StackState, StoppedTask
from ...exit_codes import CommandError, Exit
from ...manifest import StackSpec
from .root_cause import Cause
from .statuses import status


class Outcome(enum.Enum):
    """What became of a stack."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REVIEWED = "to change"
    FAILED = "failed"
    UNDONE = "stopped and taken back"
    SKIPPED = "skipped"
    LEFT = "still under way"
    REMOVED = "removed"
    ABSENT = "not there"
    RECOVERED = "taken back"


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of a stack, and why."""

    stack: StackSpec
    fate: Outcome
    exit: Exit
    state: StackState | None = None
    cause: Cause | None = None
    error: CommandError | None = None
    stopped_tasks: tuple[StoppedTask, ...] = ()
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether what depends on this stack may go on."""
        return self.exit is Exit.DONE


def ending(result: Result) -> str:
    """Say in a few words how a stack ended."""
    if result.fate is Outcome.FAILED and result.state:
        return f"FAILED: it {status(result.state.status).meaning}"
    took = f" in {result.seconds:.0f} s" if result.fate in (Outcome.CREATED, Outcome.UPDATED) else ""
    return f"{result.fate.value}{took}"
