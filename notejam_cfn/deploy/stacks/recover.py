"""Helps a stack that is stuck: continues a rollback that failed, or takes back what was left half done."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from ..aws.models import Event, StackState
from ..exit_codes import Exit, Refused
from ..manifest import StackSpec
from ..ui.progress import Progress
from ..ui.signals import Control
from .execution.executor import Prompter, execute
from .execution.operations import Note, Operation, OperationResult, new_token
from .execution.outcomes import Outcome, Result
from .execution.root_cause import first_cause
from .execution.scheduler import Emit
from .execution.statuses import Step, status
from .ownership import busy, require_ours
from .stack_run import StackRun

ROLLBACK_STUCK = "UPDATE_ROLLBACK_FAILED"
# Left half done because rolling back was turned off.
HALF_DONE = frozenset({"UPDATE_FAILED", "CREATE_FAILED"})


@dataclasses.dataclass(frozen=True)
class Options:
    """What the person asked for. `skip` names resources that a rollback leaves as they are."""

    yes: bool = False
    skip: tuple[str, ...] = ()


class Recovery(StackRun[Options]):
    """One run of recover.py over some stacks."""

    states: Mapping[str, StackState] = MappingProxyType({})

    def run(self) -> dict[str, Result]:
        """Help every stack that needs it. Raises when nothing was begun."""
        self.states = self._look()
        stuck = {name: stack for name, stack in self.stacks.items() if self._is_stuck(name)}
        for stack in stuck.values():
            self._show(stack)
        if stuck and not self.options.yes and not self.prompter.confirm("Take it back?"):
            raise Refused("nothing was done: the answer was no")
        results = {name: self._well(stack) for name, stack in self.stacks.items() if name not in stuck}
        return results | execute(stuck, dict.fromkeys(stuck, ()), self._help, *self._terminal())

    def _terminal(self) -> tuple[Progress, Prompter, Control]:
        return self.progress, self.prompter, self.control

    def _look(self) -> dict[str, StackState]:
        found = {name: self.aws.stack(stack.region, name) for name, stack in self.stacks.items()}
        for name, state in found.items():
            if state and state.busy:
                raise busy(self.stacks[name], state, self.aws)
        return {name: state for name, state in found.items() if state}

    def _is_stuck(self, name: str) -> bool:
        return name in self.states and self.states[name].status in {ROLLBACK_STUCK, *HALF_DONE}

    def _well(self, stack: StackSpec) -> Result:
        state = self.states.get(stack.name)
        if state and status(state.status).step in (Step.RECOVER, Step.DESTROY):
            raise Refused(
                f"{stack.name} {status(state.status).meaning} ({state.status}), which only its removal ends",
                f"See what is left of it: python -m notejam_cfn destroy {stack.stage} --only {stack.layer}",
            )
        return Result(stack, Outcome.UNCHANGED if state else Outcome.ABSENT, Exit.DONE, state)

    def _show(self, stack: StackSpec) -> None:
        """Say why a stack is stuck, and which resources hold it up."""
        state = self.states[stack.name]
        require_ours(stack, state)
        self.progress.write(f"{stack.name} {status(state.status).meaning} ({state.status})")
        for event in self._failures(stack):
            skipped = " (will be skipped)" if event.logical_id in self.options.skip else ""
            self.progress.write(f"    {event.logical_id} ({event.type}): {event.reason}{skipped}")
        self.progress.write()

    def _failures(self, stack: StackSpec) -> list[Event]:
        """Return the resources whose last event is a failure."""
        last = {event.logical_id: event for event in self.aws.events(stack.region, stack.name) if not event.of_stack}
        return [event for event in last.values() if event.failed]

    def _help(self, name: str, tell: Emit) -> Result:
        stack, state = self.stacks[name], self.states[name]
        last = self.aws.last_event(stack.region, state.id)
        token = new_token()
        if state.status == ROLLBACK_STUCK:
            tell(Note("continuing the rollback"))
            self.aws.continue_rollback(stack.region, stack.name, token, self.options.skip)
        else:
            tell(Note("taking back what was left half done"))
            self.aws.roll_back(stack.region, stack.name, token)
        after = last.id if last else None
        ended = Operation(self.aws, stack.region, state.id, token, after, self.control).follow(tell)
        return self._judge(stack, ended)

    def _judge(self, stack: StackSpec, ended: OperationResult) -> Result:
        if status(ended.state.status).ended in (Exit.DONE, Exit.FAILED):
            return Result(stack, Outcome.RECOVERED, Exit.DONE, ended.state)
        return Result(stack, Outcome.FAILED, Exit.NEEDS_RECOVERY, ended.state, first_cause(ended.events))
