"""What a change means for the people who use a stage, in one word, with the reason.

What follows from schemas and references is worked out here; what only documentation says is in `known_effects.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator

from ...stacks.templates import is_stateful
from .. import two_steps
from ..changes import GOING, REPLACING, Action, Comparison, Key, ResourceChange
from ..differences import at
from ..resolve import references
from . import known_effects
from .findings import NOTHING, Finding, Verdict
from .resource_facts import UNKNOWN, facts_of, source

# Records of what happened are lost with what wrote them; that is shown, and refused to nobody who turns a part off.
RECORDS = "AWS::Logs::LogGroup"
VPC = "AWS::EC2::VPC"
IN_USE = 'CloudFormation User Guide, "Troubleshooting: delete stack fails"'


@dataclasses.dataclass(frozen=True)
class Judged:
    """A change with what it means."""

    change: ResourceChange
    findings: tuple[Finding, ...]

    @property
    def worst(self) -> Finding:
        """The finding that matters most."""
        return min(self.findings, key=lambda each: each.weight, default=NOTHING)


def judge(comparison: Comparison, extra: dict[Key, list[Finding]], removed_last: Collection[Key]) -> tuple[Judged, ...]:
    """Judge every change. `extra` are findings by resource that were looked up; what is in `removed_last` goes last."""
    findings = _Judge(comparison, removed_last).findings
    return tuple(Judged(change, (*findings(change), *extra.get(change.key, ()))) for change in comparison.changes)


class _Judge:
    def __init__(self, comparison: Comparison, removed_last: Collection[Key]) -> None:
        self.comparison = comparison
        self.removed_last = removed_last
        self.replaced = {each.key: each for each in comparison.changes if each.action in REPLACING}

    def findings(self, change: ResourceChange) -> Iterator[Finding]:
        """Yield everything that a change means."""
        yield from self._collision(change)
        yield from self._moved(change)
        yield from self._loss(change)
        yield from self._order(change)
        yield from known_effects.of(change)

    def _collision(self, change: ResourceChange) -> Iterator[Finding]:
        """A replacement is made before the old one goes, so both cannot have the same name."""
        facts = facts_of(change.type) or UNKNOWN
        if change.action not in REPLACING or not change.old or not change.new or facts.deleted_first:
            return
        names = [(at(change.old.properties, path), at(change.new.properties, path)) for path in facts.named_by]
        if not names or names[0][0] is None or any(old != new for old, new in names):
            return
        # What names it must also refer to the same things as before.
        named_by = [(one.stack or change.stack, one.name) for one in references([new for _, new in names])]
        if not any(key in self.replaced or key in self.comparison.changing for key in named_by):
            certain = change.action is Action.REPLACE
            told = "is replaced" if certain else "may be replaced"
            name = repr(names[0][0]) if isinstance(names[0][0], str) else "(made from other values)"
            reason = f"it {told} under its fixed name {name}, which the old one still has"
            yield Finding(Verdict.WILL_FAIL, reason, source(), advisory=not certain)

    def _moved(self, change: ResourceChange) -> Iterator[Finding]:
        """What stays where it is cannot be given the subnets and groups of another VPC."""
        if change.action is not Action.CHANGE or not change.new:
            return
        gone = [key for key, each in self.replaced.items() if each.type == VPC]
        inside = {reader for vpc in gone for reader in self.comparison.readers.get(vpc, ())}
        if any(change.key in self.comparison.readers.get(place, ()) for place in inside):
            reason = "its network is replaced, and it cannot move to another VPC"
            yield Finding(Verdict.WILL_FAIL, reason, "hashicorp/terraform-provider-aws#27459")

    def _loss(self, change: ResourceChange) -> Iterator[Finding]:
        if change.action not in GOING or not change.old:
            return
        stateful = is_stateful(change.type, change.old.properties)
        if change.policy == "Retain":
            yield Finding(Verdict.KEPT, "the one there is now is kept, outside of the stack")
        elif change.policy == "Snapshot" and stateful:
            yield Finding(Verdict.KEPT, "a snapshot of the one there is now is kept")
        elif stateful and change.type == RECORDS:
            yield Finding(Verdict.DATA_LOST, "the records in it go with it", advisory=True)
        elif stateful:
            yield Finding(Verdict.DATA_LOST, "what is stored in it goes with it")

    def _order(self, change: ResourceChange) -> Iterator[Finding]:
        """What another stack still uses cannot be removed; that stack is updated only afterwards."""
        held_by = two_steps.users(self.comparison, change)
        if not held_by or change.policy == "Retain":
            return
        told = ", ".join(f"{name} of {stack}" for stack, name in held_by)
        if change.key in self.removed_last:
            yield Finding(Verdict.NOTHING, f"it goes last, once {told} does without it")
        elif change.action in GOING:
            certain = change.action is not Action.MAYBE_REPLACE
            reason = (
                f"{told} still uses the one there is now: it could not be removed, and would stay outside of the stack"
            )
            yield Finding(Verdict.ORDER, reason, IN_USE, advisory=not certain)
