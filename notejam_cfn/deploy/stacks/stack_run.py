"""What every run over stacks has at hand and does alike, whether it deploys, removes or recovers.

Work on the stacks runs in order, with one person at the terminal who may interrupt it.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

from ..aws.client import Aws
from ..aws.models import StackState
from ..exit_codes import CommandError, Exit, Refused
from ..manifest import StackSpec
from ..ui.progress import Progress
from ..ui.signals import Abort, Control, heard
from .execution.operations import Operation, OperationResult, new_token
from .execution.outcomes import Outcome, Result, ending
from .execution.scheduler import Emit, Message, Scheduler
from .templates import read_templates

Options = TypeVar("Options")


@dataclasses.dataclass(frozen=True)
class Prompter:
    """Who is at the terminal. `ask` offers words to choose from; without a terminal both answer for safety."""

    confirm: Callable[[str], bool]
    ask: Callable[[str, Sequence[str]], str]

    def require_yes(self, question: str, otherwise: str) -> None:
        """Raise Refused, which says what is so `otherwise`, unless the person answers with yes."""
        if not self.confirm(question):
            raise Refused(f"{otherwise}: the answer was no")


@dataclasses.dataclass(frozen=True)
class Stop:
    """A message: the person pressed Ctrl-C."""


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

    @functools.cached_property
    def there(self) -> dict[str, StackState]:
        """The states that the stacks had when the run began, of those that exist."""
        states = self.aws.states({name: stack.region for name, stack in self.stacks.items()})
        return {name: state for name, state in states.items() if state and state.status != "DELETE_COMPLETE"}

    def execute(
        self,
        stacks: Mapping[str, StackSpec],
        needs: Mapping[str, Collection[str]],
        work: Callable[[str, Emit], Result],
    ) -> dict[str, Result]:
        """Do a piece of work for each stack, those a stack needs first, and return what became of each.

        Ctrl-C asks whether to take back what is under way, to leave it, or to go on; the second one leaves at once.
        """
        scheduler: Scheduler[Result] = Scheduler(needs, lambda result: result.good)

        def hear(message: Message) -> None:
            if not isinstance(message.content, Stop):
                self.progress.hear(message)
                return
            self.progress.write()
            answer = self.prompter.ask("Stop?", ("undo", "leave", "go on"))
            if answer == "leave":
                raise Abort
            if answer == "undo":
                scheduler.stop()
                self.control.ask_to_undo()

        try:
            with heard(lambda: scheduler.messages.put(Message("", Stop()))):
                scheduler.run(lambda name, tell: _judged(stacks[name], lambda: work(name, tell), tell), hear)
        except Abort:
            scheduler.stop()
        self.progress.close()
        begun = scheduler.results | {n: Result(stacks[n], Outcome.LEFT, Exit.INTERRUPTED) for n in scheduler.running}
        return {n: begun.get(n) or Result(stack, Outcome.SKIPPED, Exit.DONE) for n, stack in stacks.items()}

    def carry_out(self, stack: StackSpec, stack_id: str, begin: Callable[[str], None], tell: Emit) -> OperationResult:
        """Begin an operation on a stack that is there, which `begin` does with a token, and follow it to its end."""
        last, token = self.aws.last_event(stack.region, stack_id), new_token()
        begin(token)
        return self.follow(stack, stack_id, token, last.id if last else None, tell)

    def follow(self, stack: StackSpec, stack_id: str, token: str, after: str | None, tell: Emit) -> OperationResult:
        """Tell what happens to a stack after the event `after`, until the operation with this token has ended."""
        return Operation(self.aws, stack.region, stack_id, token, after, self.control).follow(tell)


def _judged(stack: StackSpec, work: Callable[[], Result], tell: Emit) -> Result:
    """Do the work; what goes wrong is a result as well, so that the other stacks go on."""
    began = time.monotonic()
    try:
        result = work()
    except CommandError as error:
        result = Result(stack, Outcome.FAILED, error.exit, error=error)
    result = dataclasses.replace(result, seconds=time.monotonic() - began)
    tell(ending(result))
    return result
