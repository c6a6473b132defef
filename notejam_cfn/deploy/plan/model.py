"""A plan: what a deployment does with each stack, what that means, and what else a person should know before."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from ..aws.models import HeldResource, StackState
from ..exit_codes import Refused
from ..manifest import StackSpec
from ..stacks.parameters import ParameterChange
from ..stacks.templates import Template
from .effects.verdicts import Judged


class Kind(enum.Enum):
    """What is done with a stack."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REMOVE = "remove"


@dataclasses.dataclass(frozen=True)
class StackPlan:
    """What is done with a stack. `cleared` is what remains of a failed creation and is deleted first.

    `first` is the template of a first step, which keeps what other stacks still use; None where one step does.
    """

    stack: StackSpec
    kind: Kind
    template: Template
    values: Mapping[str, str]
    parameters: tuple[ParameterChange, ...] = ()
    state: StackState | None = None
    cleared: tuple[HeldResource, ...] | None = None
    first: Template | None = None
    changes: tuple[Judged, ...] = ()

    @property
    def protection(self) -> bool | None:
        """Whether the protection against deletion is turned on or off; None when it stays as it is."""
        protected = self.stack.protected
        return protected if self.state and self.state.protected != protected and self.kind is not Kind.CREATE else None

    @property
    def idle(self) -> bool:
        """Whether nothing at all is done."""
        return self.kind is Kind.UNCHANGED and self.protection is None

    @property
    def replaces(self) -> frozenset[str]:
        """The resources that the plan replaces, or may replace, or removes."""
        return frozenset(each.change.logical_id for each in self.changes if each.change.goes)


@dataclasses.dataclass(frozen=True)
class LeftStack:
    """A stack of this project that nothing builds any more, and what it costs a month in dollars, where known."""

    name: str
    stage: str
    region: str
    status: str
    holds: int
    monthly_usd: float | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything a deployment will do."""

    stage: str
    account: str
    stacks: Mapping[str, StackPlan]
    parameters: Mapping[str, str]
    allowed: frozenset[str] = frozenset()
    only: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    left: tuple[LeftStack, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return all(each.idle for each in self.stacks.values())

    @property
    def judged(self) -> list[Judged]:
        """Every change, stack by stack."""
        return [each for stack in self.stacks.values() for each in stack.changes]

    def require_allowed(self) -> None:
        """Raise Refused when a change that loses data, interrupts the service or fails is not allowed by name."""
        refused = [each for each in self.judged if each.worst.refused and each.change.id not in self.allowed]
        if not refused:
            return
        told = [f"{each.change.id}: {each.worst.verdict.value}: {each.worst.reason}" for each in refused]
        options = " ".join(f"--allow {each.change.id}" for each in refused)
        raise Refused(
            f"{len(refused)} of these changes are refused unless they are allowed by name",
            *told,
            "Look for the change in notejam.toml or --parameter that causes it, and undo it",
            f"Or, if it may happen: {options}",
        )
