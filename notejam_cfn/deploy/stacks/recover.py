"""Helps a stack that is stuck: continues a rollback that failed, or takes back what was left half done."""

from __future__ import annotations

import dataclasses

from ..exit_codes import Exit, Refused
from ..manifest import StackSpec
from .execution.outcomes import Outcome, Result
from .execution.root_cause import first_cause
from .execution.scheduler import Emit
from .execution.statuses import Step, status
from .ownership import busy, require_ours
from .stack_run import StackRun

ROLLBACK_STUCK = "UPDATE_ROLLBACK_FAILED"
# The others were left half done because rolling back was turned off.
STUCK = frozenset({ROLLBACK_STUCK, "UPDATE_FAILED", "CREATE_FAILED"})


@dataclasses.dataclass(frozen=True)
class Options:
    """What the person asked for. `skip` names resources that a rollback leaves as they are."""

    yes: bool = False
    skip: tuple[str, ...] = ()


class Recovery(StackRun[Options]):
    """One run of recover.py over some stacks."""

    def run(self) -> dict[str, Result]:
        """Help every stack that needs it. Raises when nothing was begun."""
        for name, state in self.there.items():
            if state.busy:
                raise busy(self.stacks[name], state, self.aws)
        stuck = {name: self.stacks[name] for name, state in self.there.items() if state.status in STUCK}
        for stack in stuck.values():
            self._show(stack)
        if stuck and not self.options.yes:
            self.prompter.require_yes("Take it back?", "nothing was done")
        results = {name: self._well(stack) for name, stack in self.stacks.items() if name not in stuck}
        return results | self.execute(stuck, dict.fromkeys(stuck, ()), self._help)

    def _well(self, stack: StackSpec) -> Result:
        state = self.there.get(stack.name)
        if state and status(state.status).step in (Step.RECOVER, Step.DESTROY):
            raise Refused(
                f"{stack.name} {status(state.status).meaning} ({state.status}), which only its removal ends",
                f"See what is left of it: python -m notejam_cfn destroy {stack.stage} --only {stack.layer}",
            )
        return Result(stack, Outcome.UNCHANGED if state else Outcome.ABSENT, Exit.DONE, state)

    def _show(self, stack: StackSpec) -> None:
        """Say why a stack is stuck, and which resources hold it up: those whose last event is a failure."""
        state = self.there[stack.name]
        require_ours(stack, state)
        self.progress.write(f"{stack.name} {status(state.status).meaning} ({state.status})")
        last = {event.logical_id: event for event in self.aws.events(stack.region, stack.name) if not event.of_stack}
        for event in last.values():
            if event.failed:
                skipped = " (will be skipped)" if event.logical_id in self.options.skip else ""
                self.progress.write(f"    {event.logical_id} ({event.type}): {event.reason}{skipped}")
        self.progress.write()

    def _help(self, name: str, tell: Emit) -> Result:
        stack, state = self.stacks[name], self.there[name]

        def begin(token: str) -> None:
            if state.status == ROLLBACK_STUCK:
                tell("continuing the rollback")
                self.aws.continue_rollback(stack.region, stack.name, token, self.options.skip)
            else:
                tell("taking back what was left half done")
                self.aws.roll_back(stack.region, stack.name, token)

        ended = self.carry_out(stack, state.id, begin, tell)
        if status(ended.state.status).ended in (Exit.DONE, Exit.FAILED):
            return Result(stack, Outcome.RECOVERED, Exit.DONE, ended.state)
        return Result(stack, Outcome.FAILED, Exit.NEEDS_RECOVERY, ended.state, first_cause(ended.events))
