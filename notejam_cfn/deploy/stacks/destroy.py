"""Removes a stage, after saying what goes for good, what is kept and what becomes a snapshot."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..aws.models import HeldResource, StackState
from ..exit_codes import Exit, Refused
from ..manifest import StackSpec
from ..ui.progress import counted
from . import protection
from .execution.executor import execute
from .execution.operations import Note, Operation, OperationResult, new_token
from .execution.outcomes import Outcome, Result
from .execution.root_cause import first_cause
from .execution.scheduler import Emit
from .execution.statuses import status
from .ownership import busy, require_ours
from .stack_run import StackRun
from .templates import STATEFUL

GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
SNAPSHOT_BY_DEFAULT = "AWS::RDS::DBCluster"


@dataclasses.dataclass(frozen=True)
class Options:
    """What the person asked for. `keep` names resources that may stay behind, `unprotect` lifts every protection."""

    yes: bool = False
    unprotect: bool = False
    keep: tuple[str, ...] = ()


class Destruction(StackRun[Options]):
    """One run of destroy.py over some stacks."""

    states: Mapping[str, StackState] = MappingProxyType({})

    def run(self) -> dict[str, Result]:
        """Remove the stacks, those that others need last. Raises when nothing was begun."""
        self.states = self._look()
        if not self.states:
            return {name: Result(stack, Outcome.ABSENT, Exit.DONE) for name, stack in self.stacks.items()}
        self._refuse()
        self._show()
        self._confirm()
        return execute(self.stacks, self._needs(), self._delete, self.progress, self.prompter, self.control)

    def _look(self) -> dict[str, StackState]:
        found = {name: self.aws.stack(stack.region, name) for name, stack in self.stacks.items()}
        return {name: state for name, state in found.items() if state and state.status != "DELETE_COMPLETE"}

    def _refuse(self) -> None:
        for name, state in self.states.items():
            require_ours(self.stacks[name], state)
            if state.busy:
                raise busy(self.stacks[name], state, self.aws)
            if state.protected and not self.options.unprotect:
                raise Refused(f"{name} is protected against deletion", "If it may go: add --unprotect")

    def _show(self) -> None:
        for name, state in self.states.items():
            held = [r for r in self.aws.resources(self.stacks[name].region, name) if r.status not in GONE]
            self.progress.write(
                f"{self.stacks[name].layer} {status(state.status).meaning} and holds {counted(len(held), 'resource')}"
            )
            for resource in held:
                line = self._fate(name, resource)
                if line:
                    self.progress.write(f"    {line}")
        self.progress.write()

    def _fate(self, name: str, resource: HeldResource) -> str | None:
        """Say what becomes of a resource that holds something, or that stays; None for the others."""
        template = self.progress.templates[name]
        known = template.resources.get(resource.logical_id)
        stateful = known.stateful if known else resource.type in STATEFUL
        default = "Snapshot" if resource.type == SNAPSHOT_BY_DEFAULT else "Delete"
        policy = template.document["Resources"].get(resource.logical_id, {}).get("DeletionPolicy", default)
        if policy in ("Retain", "RetainExceptOnCreate"):
            return f"  {resource.logical_id} is kept ({resource.physical_id}), and costs what it costs"
        if policy == "Snapshot" and stateful:
            return f"  {resource.logical_id} becomes a snapshot"
        return f"! {resource.logical_id} ({resource.type}) is LOST" if stateful else None

    def _confirm(self) -> None:
        if not self.options.yes and not self.prompter.confirm(f"Remove {', '.join(self.states)}?"):
            raise Refused("nothing was removed: the answer was no")

    def _needs(self) -> dict[str, set[str]]:
        """Turn the dependencies around: a stack goes after those that need it."""
        return {
            name: {other.name for other in self.stacks.values() if name in other.depends_on} for name in self.stacks
        }

    def _delete(self, name: str, tell: Emit) -> Result:
        stack, state = self.stacks[name], self.states.get(name)
        if state is None:
            return Result(stack, Outcome.ABSENT, Exit.DONE)
        if state.protected:
            self.aws.protect(stack.region, state.id, enabled=False)
        if self.options.unprotect:
            protection.lift(self.aws, stack.region, self.aws.resources(stack.region, state.id))
        tell(Note("removing"))
        ended = self._delete_once(stack, state, (), tell)
        keep = self._to_keep(stack, ended)
        if keep:
            tell(Note(f"keeping {', '.join(keep)}, which could not be removed"))
            ended = self._delete_once(stack, state, keep, tell)
        if ended.state.status == "DELETE_COMPLETE":
            return Result(stack, Outcome.REMOVED, Exit.DONE, ended.state)
        return Result(stack, Outcome.FAILED, Exit.NEEDS_RECOVERY, ended.state, first_cause(ended.events))

    def _delete_once(self, stack: StackSpec, state: StackState, keep: Sequence[str], tell: Emit) -> OperationResult:
        last = self.aws.last_event(stack.region, state.id)
        token = new_token()
        self.aws.delete_stack(stack.region, state.id, token, keep)
        after = last.id if last else None
        return Operation(self.aws, stack.region, state.id, token, after, self.control).follow(tell)

    def _to_keep(self, stack: StackSpec, ended: OperationResult) -> list[str]:
        """Return the resources that could not be deleted and may stay. CloudFormation takes them only after that."""
        if ended.state.status != "DELETE_FAILED":
            return []
        held = self.aws.resources(stack.region, ended.state.id)
        return [r.logical_id for r in held if r.status == "DELETE_FAILED" and r.logical_id in self.options.keep]
