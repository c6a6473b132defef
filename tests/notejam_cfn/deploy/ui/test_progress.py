"""What is shown while something happens, with a clock that tests set."""

from __future__ import annotations

import datetime
import io

import pytest

from notejam_cfn.deploy.aws.models import Event, RolloutState
from notejam_cfn.deploy.stacks.execution.operations import Heartbeat, RolloutEvent
from notejam_cfn.deploy.stacks.execution.scheduler import Message
from notejam_cfn.deploy.stacks.templates import Template
from notejam_cfn.deploy.ui import estimates
from notejam_cfn.deploy.ui.progress import Fancy, Progress, Silent, kind_for

WHY = {"com.aws.cloudformation.Context": {"why": "Keeps notes."}}
TEMPLATE = Template({"Resources": {"Cluster": {"Type": "AWS::RDS::DBCluster", "Metadata": WHY}}})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(kind: type[Progress], clock: Clock) -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    return kind({"shop-dev-data": "data"}, {"shop-dev-data": TEMPLATE}, out, clock), out


def happened(status: str, reason: str = "") -> Message:
    now = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
    event = Event("1", "s", "Cluster", "c", "AWS::RDS::DBCluster", status, reason, now)
    return Message("shop-dev-data", event)


def rolling(running: int) -> Message:
    rollout = RolloutState("td:2", 2, running, 2 - running, 0, "IN_PROGRESS")
    return Message("shop-dev-data", RolloutEvent("WebService", rollout))


def test_a_resource_is_told_in_the_templates_words_with_its_time(clock: Clock) -> None:
    progress, out = made(Progress, clock)
    progress.hear(happened("CREATE_IN_PROGRESS"))
    clock.now = 95
    progress.hear(happened("CREATE_COMPLETE"))
    first, last = out.getvalue().splitlines()
    assert first == "  0:00  data    creating Cluster, usually about 2 min"
    assert last == "  1:35  data  + Cluster                    Keeps notes. (1:35)"


def test_a_failure_is_told_with_its_reason(clock: Clock) -> None:
    progress, out = made(Progress, clock)
    progress.hear(happened("CREATE_FAILED", "no capacity"))
    assert out.getvalue().endswith("x Cluster                    failed: no capacity\n")


def test_a_long_silence_is_broken(clock: Clock) -> None:
    progress, out = made(Progress, clock)
    progress.hear(happened("CREATE_IN_PROGRESS"))
    for clock.now in (30, 59, 61, 90):
        progress.hear(Message("shop-dev-data", Heartbeat()))
    assert out.getvalue().count("still creating Cluster for 1:01, usually about 2 min") == 1


def test_a_rollout_is_told_when_it_moves(clock: Clock) -> None:
    progress, out = made(Progress, clock)
    for running in (0, 0, 1):
        progress.hear(rolling(running))
    told = [line.strip() for line in out.getvalue().splitlines()]
    assert told[0].endswith("tasks: 2 wanted, 0 running, 2 starting, 0 failed")
    assert len(told) == 2


def test_on_a_terminal_what_happens_is_below_what_happened(clock: Clock) -> None:
    progress, out = made(Fancy, clock)
    progress.hear(happened("CREATE_IN_PROGRESS"))
    progress.hear(Message("shop-dev-data", "hello"))
    clock.now = 70
    progress.hear(Message("shop-dev-data", Heartbeat()))
    assert out.getvalue().splitlines()[-1].endswith("… creating Cluster for 1:10, usually about 2 min")
    progress.hear(happened("CREATE_COMPLETE"))
    assert progress.happening == {}
    progress.close()


def test_silence_is_silent(clock: Clock) -> None:
    progress, out = made(Silent, clock)
    for message in (happened("CREATE_IN_PROGRESS"), happened("CREATE_COMPLETE"), rolling(1)):
        progress.hear(message)
    progress.write("hello")
    assert out.getvalue() == ""


def test_without_a_terminal_lines_are_plain() -> None:
    assert kind_for(None, io.StringIO()) is Progress
    assert kind_for("fancy", io.StringIO()) is Fancy


@pytest.mark.parametrize(("seconds", "words"), [(4, "4 s"), (59, "59 s"), (150, "about 2 min"), (480, "about 8 min")])
def test_durations_are_said_as_people_do(seconds: int, words: str) -> None:
    assert estimates.words(seconds) == words
