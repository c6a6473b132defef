"""Runs a day, minute by minute: traffic in; tasks, waiting, refused requests and database capacity out.

How the parts behave, with their sources:

- Target tracking acts on alarms that evaluate three minutes to scale out, and fifteen below 90 % of the target to scale
  in; it scales out in proportion to the metric. Source: Amazon ECS Developer Guide, "Target tracking scaling policies".
- A task takes about a minute until it gets requests: image, migration, health checks.
- Requests that no task can take wait, for as long as people do; what waits longer is refused. While no task runs the
  load balancer refuses at once, which wakes the service.
- Aurora adjusts its capacity within seconds, and resumes from a pause in about 15.
  Source: Amazon Aurora User Guide, "Scaling to zero ACUs".
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from .configuration import CPU, Configuration, Tracking

MINUTES = 24 * 60
OUT_MINUTES, IN_MINUTES, IN_SHARE = 3, 15, 0.9
START_MINUTES = 1
PATIENCE_SECONDS = 10.0
# Assumed, on the safe side: several times what benchmarks/app.py shows for a page of notes.
CPU_MS_PER_REQUEST, DATABASE_MS_PER_REQUEST = 8.0, 2.0
VCPUS_PER_ACU, ACU_STEP, DATABASE_SHARE = 0.25, 0.5, 0.7

Traffic = Callable[[int], float]
"""Requests per second by minute of the day."""


@dataclasses.dataclass(frozen=True)
class Minute:
    """What a minute was like. `wait_seconds` is how long the last request of it waited for a task."""

    minute: int
    asked: float
    refused: float
    tasks: int
    wanted: int
    cpu_percent: float
    wait_seconds: float
    acu: float


@dataclasses.dataclass
class _State:
    """What the simulation knows. `starting` are tasks by the minute in which they get requests."""

    minimum: int
    tasks: int
    starting: list[int] = dataclasses.field(default_factory=list)
    backlog: float = 0.0
    quiet: int = 0
    quiet_database: float = 0.0
    last_out: int = -MINUTES
    last_in: int = -MINUTES
    history: list[Minute] = dataclasses.field(default_factory=list)

    @property
    def wanted(self) -> int:
        """The desired count: tasks that run and those that start."""
        return self.tasks + len(self.starting)


def run(configuration: Configuration, traffic: Traffic, day: int = 3, days: int = 2) -> list[Minute]:
    """Return the minutes of the last of some equal days; those before it bring things into their usual state.

    `day` is the weekday, Sunday 0. The same day is repeated, so that its night is a night after such a day.
    """
    state = _State(configuration.minimum, configuration.minimum)
    for now in range(days * MINUTES):
        minute = now % MINUTES
        state.tasks += sum(ready <= now for ready in state.starting)
        state.starting = [ready for ready in state.starting if ready > now]
        for action in configuration.schedules:
            if action.due(day, minute):
                state.minimum = action.minimum
        state.history.append(_served(configuration, state, now, traffic(minute) * 60))
        _scale(configuration, state, now)
    return [dataclasses.replace(one, minute=one.minute % MINUTES) for one in state.history[-MINUTES:]]


def _served(configuration: Configuration, state: _State, now: int, asked: float) -> Minute:
    """Serve what a minute's tasks can serve; what waits beyond people's patience is refused."""
    capacity = state.tasks * configuration.vcpus * 60_000 / CPU_MS_PER_REQUEST
    load = state.backlog + asked
    served = min(load, capacity)
    waiting = load - served
    most = capacity / 60 * PATIENCE_SECONDS
    refused = max(0.0, waiting - most)
    state.backlog = waiting - refused
    acu = _acu(configuration, state, served)
    cpu = 100 * served / capacity if capacity else 0.0
    wait = state.backlog / capacity * 60 if capacity else 0.0
    state.quiet = 0 if asked else state.quiet + 1
    return Minute(now, asked, refused, state.tasks, state.wanted, cpu, wait, acu)


def _acu(configuration: Configuration, state: _State, served: float) -> float:
    """Return the database's capacity: what the requests need at a comfortable share, within its bounds, or none."""
    state.quiet_database = 0 if served else state.quiet_database + 60
    paused = configuration.pause_seconds is not None and state.quiet_database > configuration.pause_seconds
    if paused and configuration.least_acu == 0:
        return 0.0
    busy = served / 60 * DATABASE_MS_PER_REQUEST / 1000 / VCPUS_PER_ACU / DATABASE_SHARE
    wanted = math.ceil(busy / ACU_STEP) * ACU_STEP
    return min(configuration.most_acu, max(wanted, configuration.least_acu, ACU_STEP))


def _scale(configuration: Configuration, state: _State, now: int) -> None:
    wanted = _tracked(configuration, state, now)
    asleep = configuration.quiet_minutes is not None and state.quiet >= configuration.quiet_minutes
    if asleep and state.minimum == 0:
        wanted = 0
    elif state.wanted == 0 and configuration.wakes and state.history[-1].refused:
        wanted = 1
    wanted = min(configuration.maximum, max(wanted, state.minimum))
    if wanted > state.wanted:
        state.starting += [now + 1 + START_MINUTES] * (wanted - state.wanted)
        state.last_out = now
    elif wanted < state.wanted:
        surplus = state.wanted - wanted
        state.starting = state.starting[: max(0, len(state.starting) - surplus)]
        state.tasks = wanted - len(state.starting)
        state.last_in = now


def _tracked(configuration: Configuration, state: _State, now: int) -> int:
    """Return what the tracking policies want: the most that any of them wants; fewer only when all of them do."""
    if state.wanted == 0 or not configuration.tracking:
        return state.wanted
    out = [_out(policy, state, now) for policy in configuration.tracking]
    if max(out) > state.wanted:
        return max(out)
    fewer = [_in(policy, state, now) for policy in configuration.tracking if policy.scales_in]
    return max(fewer) if fewer and len(fewer) == len(configuration.tracking) else state.wanted


def _out(policy: Tracking, state: _State, now: int) -> int:
    recent = [_metric(policy, one) for one in state.history[-OUT_MINUTES:]]
    due = (now - state.last_out) * 60 >= policy.out_seconds
    if due and len(recent) == OUT_MINUTES and min(recent) > policy.target:
        return max(state.wanted, math.ceil(state.tasks * recent[-1] / policy.target))
    return state.wanted


def _in(policy: Tracking, state: _State, now: int) -> int:
    recent = [_metric(policy, one) for one in state.history[-IN_MINUTES:]]
    due = (now - max(state.last_in, state.last_out)) * 60 >= policy.in_seconds
    if due and len(recent) == IN_MINUTES and max(recent) < IN_SHARE * policy.target:
        return max(1, math.ceil(state.tasks * max(recent) / policy.target))
    return state.wanted


def _metric(policy: Tracking, minute: Minute) -> float:
    if policy.metric == CPU:
        return minute.cpu_percent
    return minute.asked / minute.tasks if minute.tasks else 0.0


def refused_share(minutes: Sequence[Minute]) -> float:
    """Return the share of requests that were refused."""
    asked = sum(one.asked for one in minutes)
    return sum(one.refused for one in minutes) / asked if asked else 0.0
