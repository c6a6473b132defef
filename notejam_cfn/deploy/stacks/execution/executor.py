"""Runs work on the stacks of a stage in order, with one person at the terminal who may interrupt it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from ...exit_codes import CommandError, Exit, Refused
from ...manifest import StackSpec
from ...ui.progress import Progress
from ...ui.signals import Abort, Control, heard
from .operations import Note
from .outcomes import Outcome, Result, ending
from .scheduler import Emit, Message, Scheduler


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


def execute(
    stacks: Mapping[str, StackSpec],
    needs: Mapping[str, Collection[str]],
    work: Callable[[str, Emit], Result],
    progress: Progress,
    prompter: Prompter,
    control: Control,
) -> dict[str, Result]:
    """Do a piece of work for each stack, those a stack needs first, and return what became of each.

    Ctrl-C asks whether to take back what is under way, to leave it, or to go on; the second one leaves at once.
    """
    scheduler: Scheduler[Result] = Scheduler(needs, lambda result: result.good)

    def hear(message: Message) -> None:
        if not isinstance(message.content, Stop):
            progress.hear(message)
            return
        progress.write()
        answer = prompter.ask("Stop?", ("undo", "leave", "go on"))
        if answer == "leave":
            raise Abort
        if answer == "undo":
            scheduler.stop()
            control.ask_to_undo()

    try:
        with heard(lambda: scheduler.messages.put(Message("", Stop()))):
            scheduler.run(lambda name, tell: _judged(stacks[name], lambda: work(name, tell), tell), hear)
    except Abort:
        scheduler.stop()
    progress.close()
    return {name: _result(name, stack, scheduler) for name, stack in stacks.items()}


def _judged(stack: StackSpec, work: Callable[[], Result], tell: Emit) -> Result:
    """Do the work; what goes wrong is a result as well, so that the other stacks go on."""
    began = time.monotonic()
    try:
        result = work()
    except CommandError as error:
        result = Result(stack, Outcome.FAILED, error.exit, error=error)
    result = dataclasses.replace(result, seconds=time.monotonic() - began)
    tell(Note(ending(result)))
    return result


def _result(name: str, stack: StackSpec, scheduler: Scheduler[Result]) -> Result:
    if name in scheduler.results:
        return scheduler.results[name]
    if name in scheduler.running:
        return Result(stack, Outcome.LEFT, Exit.INTERRUPTED)
    return Result(stack, Outcome.SKIPPED, Exit.DONE)
