"""Runs work in order of dependency: what is ready runs at the same time, what failed stops what depends on it.

Work runs in threads; everything they tell arrives in one queue that the main thread reads, so that only it prints, asks
and hears signals.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

R = TypeVar("R")


@dataclasses.dataclass(frozen=True)
class Message:
    """Something that a piece of work tells: words, an event of a resource, how far a rollout is, that it still goes on.

    `of` is the work's name, or empty for what concerns all of it.
    """

    of: str
    content: Any


@dataclasses.dataclass(frozen=True)
class _Finished:
    result: Any
    error: BaseException | None


Emit = Callable[[Any], None]


class Scheduler(Generic[R]):
    """Runs each piece of work once, after those it depends on. Dependencies outside of it count as there."""

    def __init__(self, needs: Mapping[str, Collection[str]], good: Callable[[R], bool]) -> None:
        self.needs = {name: {need for need in needed if need in needs} for name, needed in needs.items()}
        self.good = good
        self.results: dict[str, R] = {}
        self.skipped: dict[str, str] = {}
        self.running: set[str] = set()
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()

    def run(self, work: Callable[[str, Emit], R], hear: Callable[[Message], None]) -> None:
        """Run everything. Results are in `results`, what was not run in `skipped` with the name of what stopped it.

        Raises what a piece of work raised, once no other is running.
        """
        failures: list[BaseException] = []
        self._start_ready(work)
        while self.running:
            message = self.messages.get()
            if not isinstance(message.content, _Finished):
                hear(message)
                continue
            self.running.discard(message.of)
            if message.content.error:
                failures.append(message.content.error)
                self.stop()
            else:
                self.results[message.of] = message.content.result
            self._start_ready(work)
        if failures:
            raise failures[0]

    def stop(self) -> None:
        """Start nothing more."""
        for name in self._waiting():
            self.skipped[name] = ""

    def _waiting(self) -> list[str]:
        return [n for n in self.needs if n not in self.results and n not in self.skipped and n not in self.running]

    def _start_ready(self, work: Callable[[str, Emit], R]) -> None:
        self._skip_stopped()
        for name in self._waiting():
            if self.needs[name] <= self.results.keys():
                self.running.add(name)
                threading.Thread(target=self._do, args=(work, name), daemon=True).start()

    def _skip_stopped(self) -> None:
        """Skip what depends on something that failed, and what depends on that."""
        failed = {name for name, result in self.results.items() if not self.good(result)}
        found = True
        while found:
            found = False
            for name in self._waiting():
                stoppers = sorted(self.needs[name] & (failed | self.skipped.keys()))
                if stoppers:
                    self.skipped[name], found = stoppers[0], True

    def _do(self, work: Callable[[str, Emit], R], name: str) -> None:
        try:
            finished = _Finished(work(name, lambda content: self.messages.put(Message(name, content))), None)
        except BaseException as error:  # whatever it is, the main thread must hear of it
            finished = _Finished(None, error)
        self.messages.put(Message(name, finished))
