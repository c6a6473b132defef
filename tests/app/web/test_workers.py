"""The threads that make pages are shared fairly, and waiting for one has an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from app.web import workers
from app.web.workers import Workers


class Kitchen:
    """Workers whose tasks last until told to end."""

    def __init__(self, threads: int, patience: float = 60) -> None:
        self.begun: list[str] = []
        self.late: list[str] = []
        self.end = threading.Event()
        self.workers = Workers(self._work, threads, patience)
        self.workers.start()

    def _work(self, task: str, too_late: bool) -> None:
        (self.late if too_late else self.begun).append(task)
        self.end.wait(10)

    def settled(self, count: int) -> list[str]:
        deadline = time.monotonic() + 5
        while len(self.begun) + len(self.late) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.02)
        return sorted(self.begun)


@pytest.fixture
def kitchen() -> Iterator[Kitchen]:
    found = Kitchen(3)
    yield found
    found.end.set()


def test_one_visitor_gets_all_threads_but_one(kitchen: Kitchen) -> None:
    for number in range(5):
        kitchen.workers.submit("greedy", f"greedy {number}")
    kitchen.workers.submit("other", "other")
    assert kitchen.settled(3) == ["greedy 0", "greedy 1", "other"]


def test_what_waits_is_done_in_its_turn(kitchen: Kitchen) -> None:
    for number in range(9):
        kitchen.workers.submit("greedy", str(number))
    kitchen.end.set()
    assert kitchen.settled(9) == [str(number) for number in range(9)]


def test_the_line_has_an_end(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MOST_WAITING", 2)
    accepted = [kitchen.workers.submit("greedy", str(number)) for number in range(6)]
    assert accepted == [True] * 4 + [False] * 2
    assert kitchen.workers.submit("other", "other")


def test_who_waited_for_too_long_is_told() -> None:
    kitchen = Kitchen(2, patience=0.05)
    for name in ("first", "second"):
        kitchen.workers.submit("greedy", name)
    kitchen.settled(1)
    time.sleep(0.1)
    kitchen.end.set()
    kitchen.settled(2)
    assert kitchen.late == ["second"]


def test_a_task_that_fails_frees_its_thread() -> None:
    done: list[str] = []

    def work(task: str, too_late: bool) -> None:
        done.append(task)
        raise RuntimeError(task)

    busy = Workers(work, 2, 60)
    busy.start()
    for number in range(6):
        busy.submit("greedy", str(number))
    deadline = time.monotonic() + 5
    while len(done) < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(done) == [str(number) for number in range(6)]
