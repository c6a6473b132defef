"""The threads that make pages: a few, shared fairly, with an end to waiting.

A page may stand still in the database. So one visitor never gets all threads, the line has a length, and who stood in
it for too long is told so instead of being served when nobody looks any more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple

log = logging.getLogger("notejam.request")
MOST_WAITING = 512


class Job(NamedTuple):
    """A request for a thread: whose it is, since when it waits, and what `run` is given."""

    key: str
    since: float
    task: Any


class Workers:
    """At most `threads` jobs at a time, of one key one fewer.

    `run` gets the task and whether it waited for longer than `patience` seconds.
    """

    def __init__(self, run: Callable[[Any, bool], None], threads: int, patience: float) -> None:
        self._patience = patience
        self._run = run
        self._threads = threads
        self._most_of_one = max(1, threads - 1)
        self._ready: SimpleQueue[Job] = SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._running: dict[str, int] = {}
        self._busy = 0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the threads, in the process that uses them: they do not survive the fork of a server's worker."""
        for number in range(self._threads):
            threading.Thread(target=self._work, name=f"page-{number}", daemon=True).start()

    def submit(self, key: str, task: Any) -> bool:
        """Hand a task to a thread, now or later; False when too many wait already."""
        job = Job(key, time.monotonic(), task)
        with self._lock:
            if self._busy < self._threads and self._may_run(key):
                self._begin(job)
            elif len(self._waiting) < MOST_WAITING:
                self._waiting.append(job)
            else:
                return False
        return True

    def _may_run(self, key: str) -> bool:
        return self._running.get(key, 0) < self._most_of_one

    def _begin(self, job: Job) -> None:
        self._busy += 1
        self._running[job.key] = self._running.get(job.key, 0) + 1
        self._ready.put(job)

    def _work(self) -> None:
        while True:
            job = self._ready.get()
            try:
                self._run(job.task, time.monotonic() - job.since > self._patience)
            except Exception:  # a thread that ended here would be missing for ever
                log.exception("a page failed outside the application")
            finally:
                self._end(job.key)

    def _end(self, key: str) -> None:
        with self._lock:
            self._busy -= 1
            left = self._running.pop(key) - 1
            if left:
                self._running[key] = left
            for index, job in enumerate(self._waiting):
                if self._may_run(job.key):
                    del self._waiting[index]
                    self._begin(job)
                    break
