"""Removes a stage, after saying what goes for good, what is kept and what becomes a snapshot."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from ..aws.models import HeldResource
from ..exit_codes import Exit, Refused
from ..ui.progress import counted
from . import protection
from .execution.operations import OperationResult
from .execution.outcomes import Outcome, Result
from .execution.root_cause import first_cause
from .execution.scheduler import Emit
from .execution.statuses import status
from .ownership import busy, require_ours
from .stack_run import StackRun
from .templates import STATEFUL, deletion_policy


@dataclasses.dataclass(frozen=True)
class Options:
    """What the person asked for. `keep` names resources that may stay behind, `unprotect` lifts every protection."""

    yes: bool = False
    unprotect: bool = False
    keep: tuple[str, ...] = ()


class Destruction(StackRun[Options]):
    """One run of destroy.py over some stacks."""

    def run(self) -> dict[str, Result]:
        """Remove the stacks, those that others need last. Raises when nothing was begun."""
        if not self.there:
            return {name: Result(stack, Outcome.ABSENT, Exit.DONE) for name, stack in self.stacks.items()}
        for name, state in self.there.items():
            require_ours(self.stacks[name], state)
            if state.busy:
                raise busy(self.stacks[name], state, self.aws)
            if state.protected and not self.options.unprotect:
                raise Refused(f"{name} is protected against deletion", "If it may go: add --unprotect")
        self._show()
        if not self.options.yes:
            self.prompter.require_yes(f"Remove {', '.join(self.there)}?", "nothing was removed")
        needed_by = {
            name: {other.name for other in self.stacks.values() if name in other.depends_on} for name in self.stacks
        }
        return self.execute(self.stacks, needed_by, self._delete)

    @functools.cached_property
    def held(self) -> dict[str, list[HeldResource]]:
        """What each stack held when the person was shown what goes."""
        return {name: self.aws.resources(self.stacks[name].region, state.id) for name, state in self.there.items()}

    def _show(self) -> None:
        for name, state in self.there.items():
            stack, held = self.stacks[name], self.held[name]
            self.progress.write(
                f"{stack.layer} {status(state.status).meaning} and holds {counted(len(held), 'resource')}"
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
        given = template.document["Resources"].get(resource.logical_id, {}).get("DeletionPolicy")
        policy = deletion_policy(resource.type, given)
        if policy == "Retain":
            return f"  {resource.logical_id} is kept ({resource.physical_id}), and costs what it costs"
        if policy == "Snapshot" and stateful:
            return f"  {resource.logical_id} becomes a snapshot"
        return f"! {resource.logical_id} ({resource.type}) is LOST" if stateful else None

    def _delete(self, name: str, tell: Emit) -> Result:
        stack, state = self.stacks[name], self.there.get(name)
        if state is None:
            return Result(stack, Outcome.ABSENT, Exit.DONE)
        region, stack_id = stack.region, state.id

        def delete(keep: Sequence[str]) -> OperationResult:
            return self.carry_out(
                stack, stack_id, lambda token: self.aws.delete_stack(region, stack_id, token, keep), tell
            )

        if state.protected:
            self.aws.protect(region, stack_id, enabled=False)
        if self.options.unprotect:
            protection.lift(self.aws, region, self.held[name])
        tell("removing")
        ended = delete(keep=())
        if ended.state.status == "DELETE_FAILED":  # only then CloudFormation takes names of what may stay
            failed = [
                held.logical_id for held in self.aws.resources(region, stack_id) if held.status == "DELETE_FAILED"
            ]
            keep = [name for name in failed if name in self.options.keep]
            if keep:
                tell(f"keeping {', '.join(keep)}, which could not be removed")
                ended = delete(keep)
        if ended.state.status == "DELETE_COMPLETE":
            return Result(stack, Outcome.REMOVED, Exit.DONE, ended.state)
        return Result(stack, Outcome.FAILED, Exit.NEEDS_RECOVERY, ended.state, first_cause(ended.events))
