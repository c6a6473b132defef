"""What every run over stacks has at hand and does alike, whether it deploys, removes or recovers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

from ..aws.client import Aws
from ..aws.models import StackState
from ..manifest import StackSpec
from ..ui.progress import Progress
from ..ui.signals import Control
from .execution.executor import Prompter, execute
from .execution.operations import Operation, OperationResult, new_token
from .execution.outcomes import Result
from .execution.scheduler import Emit
from .templates import read_templates

Options = TypeVar("Options")


@dataclasses.dataclass(frozen=True)
class Session:
    """AWS, the stacks a run is about, the screen and who is at it. `account` is whose credentials are used."""

    aws: Aws
    stacks: tuple[StackSpec, ...]
    progress: Progress
    prompter: Prompter
    account: str = ""

    def over(self, stacks: Sequence[StackSpec]) -> Session:
        """Return the same about other stacks, of which the screen tells from now on."""
        self.progress.templates = read_templates(stacks)
        return dataclasses.replace(self, stacks=tuple(stacks))


class StackRun(Generic[Options]):
    """A run over some stacks, by name, with what the person asked for."""

    def __init__(self, session: Session, options: Options) -> None:
        self.session = session
        self.aws, self.progress, self.prompter = session.aws, session.progress, session.prompter
        self.stacks = {stack.name: stack for stack in session.stacks}
        self.options = options
        self.control = Control()

    def look(self) -> dict[str, StackState]:
        """Return the states of the stacks that are there."""
        found = {name: self.aws.stack(stack.region, name) for name, stack in self.stacks.items()}
        return {name: state for name, state in found.items() if state and state.status != "DELETE_COMPLETE"}

    def execute(
        self,
        stacks: Mapping[str, StackSpec],
        needs: Mapping[str, Collection[str]],
        work: Callable[[str, Emit], Result],
    ) -> dict[str, Result]:
        """Do a piece of work for each stack, those a stack needs first, and return what became of each."""
        return execute(stacks, needs, work, self.progress, self.prompter, self.control)

    def carry_out(self, stack: StackSpec, stack_id: str, begin: Callable[[str], None], tell: Emit) -> OperationResult:
        """Begin an operation on a stack that is there, which `begin` does with a token, and follow it to its end."""
        last, token = self.aws.last_event(stack.region, stack_id), new_token()
        begin(token)
        return self.follow(stack, stack_id, token, last.id if last else None, tell)

    def follow(self, stack: StackSpec, stack_id: str, token: str, after: str | None, tell: Emit) -> OperationResult:
        """Tell what happens to a stack after the event `after`, until the operation with this token has ended."""
        return Operation(self.aws, stack.region, stack_id, token, after, self.control).follow(tell)
