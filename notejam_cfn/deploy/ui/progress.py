"""Shows what happens, in words from the templates: plain lines, a live list on a terminal, or nothing but the end."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from ...core.terminal import RED, say
from ..aws.models import Event, RolloutState
from ..stacks.execution.operations import Heartbeat, RolloutEvent
from ..stacks.execution.scheduler import Message
from ..stacks.templates import Template
from . import estimates

SIGNS = {"CREATE": "+", "UPDATE": "~", "DELETE": "-", "IMPORT": "+"}
VERBS = {"CREATE": "creating", "UPDATE": "updating", "DELETE": "removing", "IMPORT": "taking in"}
HEARTBEAT_SECONDS = 60
ERASE_LINE = "\x1b[1A\x1b[2K"


@dataclasses.dataclass(frozen=True)
class Happening:
    """A resource that something is being done to."""

    stack: str
    event: Event
    since: float


class Progress:
    """Plain lines, each beginning with the time since the start. The base of the other ways to show progress."""

    def __init__(
        self,
        names: Mapping[str, str],
        templates: Mapping[str, Template],
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.names = names
        self.templates = templates
        self.out = out or sys.stdout
        self.clock = clock
        self.start = clock()
        self.last_line = self.start
        self.happening: dict[tuple[str, str], Happening] = {}
        self.rollouts: dict[str, RolloutState] = {}
        self.width = max((len(name) for name in names.values()), default=0)

    def hear(self, message: Message) -> None:
        """Take a message from a thread and show it."""
        content = message.content
        if isinstance(content, Event):
            self._happened(message.of, content)
        elif isinstance(content, RolloutEvent):
            self._rolling(message.of, content)
        elif isinstance(content, str):
            self.line(message.of, content)
        elif isinstance(content, Heartbeat):
            self._tick()

    def line(self, stack: str, text: str, style: str = "") -> None:
        """Show a line about a stack."""
        self.last_line = self.clock()
        start = f"{minutes(self.last_line - self.start):>6}  {self.names.get(stack, stack):<{self.width}}  "
        self.write(start + text, style, hang=len(start) + 4)

    def write(self, text: str = "", style: str = "", hang: int | None = None) -> None:
        """Show a line."""
        say(text, file=self.out, style=style, hang=hang)
        self.out.flush()

    def close(self) -> None:
        """Show nothing more of what was happening."""
        self.happening.clear()

    def _happened(self, stack: str, event: Event) -> None:
        if event.of_stack:
            return
        key = (stack, event.logical_id)
        if event.status.endswith("_IN_PROGRESS"):
            if key not in self.happening or self.happening[key].event.status != event.status:
                self.happening[key] = Happening(stack, event, self.clock())
                self._begins(self.happening[key])
            return
        began = self.happening.pop(key, None)
        words = self._words(stack, event, self.clock() - began.since if began else 0)
        sign = "x" if event.failed else SIGNS.get(operation(event), " ")
        self.line(stack, f"{sign} {event.logical_id:<26} {words}", RED if event.failed else "")

    def _begins(self, happening: Happening) -> None:
        usually = _usually(happening.event)
        if usually:
            self.line(happening.stack, f"  {_doing(happening.event)}{usually}")

    def _words(self, stack: str, event: Event, seconds: float) -> str:
        if event.failed:
            return f"failed: {event.reason}"
        if event.status == "DELETE_SKIPPED":
            return "kept, as its template asks"
        template = self.templates.get(stack)
        known = template.resources.get(event.logical_id) if template else None
        took = f" ({minutes(seconds)})" if seconds >= 1 else ""
        return f"{(known.why if known else '') or event.type}{took}"

    def _rolling(self, stack: str, rolling: RolloutEvent) -> None:
        if self.rollouts.get(rolling.logical_id) != rolling.rollout:
            self.rollouts[rolling.logical_id] = rolling.rollout
            self.line(stack, f"    {rollout_words(rolling.rollout)}")

    def _tick(self) -> None:
        if self.happening and self.clock() - self.last_line >= HEARTBEAT_SECONDS:
            oldest = min(self.happening.values(), key=lambda item: item.since)
            self.line(oldest.stack, f"  still {self._state(oldest)}")

    def _state(self, happening: Happening) -> str:
        event, elapsed = happening.event, minutes(self.clock() - happening.since)
        return f"{_doing(event)} for {elapsed}{_usually(event)}"


class Fancy(Progress):
    """Plain lines, and below them a live line for each resource that something is being done to."""

    shown = 0

    def write(self, text: str = "", style: str = "", hang: int | None = None) -> None:
        """Show a line above the live ones."""
        self._erase()
        super().write(text, style, hang)
        self._draw()

    def close(self) -> None:
        """Remove the live lines."""
        self._erase()
        super().close()

    def _begins(self, happening: Happening) -> None:
        self._redraw()

    def _tick(self) -> None:
        self._redraw()

    def _rolling(self, stack: str, rolling: RolloutEvent) -> None:
        self.rollouts[rolling.logical_id] = rolling.rollout
        self._redraw()

    def _redraw(self) -> None:
        self._erase()
        self._draw()

    def _erase(self) -> None:
        self.out.write(ERASE_LINE * self.shown)
        self.shown = 0

    def _draw(self) -> None:
        columns, rows = shutil.get_terminal_size()
        lines = []
        for item in self.happening.values():
            lines.append(f"        {self.names.get(item.stack, item.stack):<{self.width}}  … {self._state(item)}")
            if item.event.logical_id in self.rollouts:
                lines.append(f"{'':>{self.width + 14}}{rollout_words(self.rollouts[item.event.logical_id])}")
        shown = lines[: rows - 2]
        for line in shown:
            self.out.write(line[: columns - 1] + "\n")
        self.shown = len(shown)
        self.out.flush()


class Quiet(Progress):
    """Shows what will change and how it ended, and nothing in between."""

    def line(self, stack: str, text: str, style: str = "") -> None:
        """Show nothing."""


class Silent(Quiet):
    """Shows nothing at all."""

    def write(self, text: str = "", style: str = "", hang: int | None = None) -> None:
        """Show nothing."""


KINDS = {"plain": Progress, "fancy": Fancy, "quiet": Quiet}


def kind_for(asked: str | None, out: TextIO) -> type[Progress]:
    """Choose how to show progress: as asked, or by whether a person is watching."""
    return KINDS[asked or ("fancy" if out.isatty() else "plain")]


def operation(event: Event) -> str:
    """Return what is done to the resource of an event: CREATE, UPDATE, DELETE, IMPORT, ROLLBACK."""
    return event.status.partition("_")[0]


def _doing(event: Event) -> str:
    return f"{VERBS.get(operation(event), 'changing')} {event.logical_id}"


def _usually(event: Event) -> str:
    """Say how long the creation of a slow resource usually takes; nothing of anything else."""
    usual = estimates.of_type(event.type) if operation(event) == "CREATE" else 0
    return f", usually {estimates.words(usual)}" if usual >= estimates.SLOW_SECONDS else ""


def minutes(seconds: float) -> str:
    """Say a duration as a clock does: `0:07`, `12:30`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def rollout_words(rollout: RolloutState) -> str:
    """Say how far a rollout is: `tasks: 2 wanted, 1 running, 1 starting, 0 failed`."""
    return (
        f"tasks: {rollout.desired} wanted, {rollout.running} running, "
        f"{rollout.pending} starting, {rollout.failed} failed"
    )


def counted(number: int, what: str) -> str:
    """Say a number of things: `1 resource`, `2 resources`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
