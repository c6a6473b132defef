"""Work runs in order, side by side where it may, and a failure stops only what depends on it."""

from __future__ import annotations

import threading
import time

import pytest

from notejam_cfn.deploy.stacks.execution.scheduler import Emit, Message, Scheduler

NEEDS: dict[str, tuple[str, ...]] = {"network": (), "database": ("network",), "service": ("database",), "other": ()}


def run(needs: dict[str, tuple[str, ...]], failing: frozenset[str] = frozenset()) -> tuple[Scheduler[bool], list[str]]:
    order: list[str] = []
    scheduler: Scheduler[bool] = Scheduler(needs, bool)

    def work(name: str, tell: Emit) -> bool:
        order.append(name)
        return name not in failing

    scheduler.run(work, lambda message: None)
    return scheduler, order


def test_what_is_needed_runs_first() -> None:
    _, order = run(NEEDS)
    assert order.index("network") < order.index("database") < order.index("service")


def test_what_does_not_need_each_other_runs_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=5)
    scheduler: Scheduler[bool] = Scheduler({"a": (), "b": ()}, bool)
    scheduler.run(lambda name, tell: together.wait() >= 0, lambda message: None)
    assert set(scheduler.results) == {"a", "b"}


def test_a_failure_stops_its_dependents_and_nothing_else() -> None:
    scheduler, order = run(NEEDS, frozenset({"network"}))
    assert scheduler.skipped == {"database": "network", "service": "database"}
    assert set(order) == {"network", "other"}


def test_what_is_outside_counts_as_there() -> None:
    scheduler, _ = run({"service": ("network",)})
    assert scheduler.results == {"service": True}


def test_messages_arrive_in_the_thread_that_runs() -> None:
    heard: list[tuple[Message, threading.Thread]] = []
    scheduler: Scheduler[None] = Scheduler({"a": ()}, lambda result: True)
    scheduler.run(lambda name, tell: tell("hello"), lambda m: heard.append((m, threading.current_thread())))
    assert heard == [(Message("a", "hello"), threading.main_thread())]


def test_an_unexpected_error_is_raised_when_nothing_runs_any_more() -> None:
    ended: list[str] = []
    scheduler: Scheduler[bool] = Scheduler({"a": (), "b": (), "c": ("b",)}, bool)

    def work(name: str, tell: Emit) -> bool:
        if name == "a":
            raise ValueError("unexpected")
        time.sleep(0.05)
        ended.append(name)
        return True

    with pytest.raises(ValueError, match="unexpected"):
        scheduler.run(work, lambda message: None)
    assert ended == ["b"]


def test_it_costs_less_than_50_ms_a_stack() -> None:
    needs = {str(n): (str(n - 1),) if n else () for n in range(30)}
    began = time.perf_counter()
    run(needs)
    assert (time.perf_counter() - began) / 30 < 0.05
