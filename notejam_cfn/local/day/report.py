"""Days as a table and plots, for the loads that the promises are about."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ...reports.cost.prices import PriceList
from .configuration import Configuration
from .simulation import MINUTES, Minute, Traffic, refused_share, run

OPENING, CLOSING, RAMP_MINUTES = 8 * 60, 18 * 60, 60
EARLY, LATE, EVENING_SHARE = 6 * 60, 22 * 60, 0.02
CROWD_BEGINS, CROWD_MINUTES, CROWD_TIMES = 14 * 60, 15, 10
BARS = "▁▂▃▄▅▆▇█"
COLUMNS = 48


def business_day(requests_per_second: float) -> Traffic:
    """Return traffic that rises within an hour to its level in business hours and falls as fast; none at night."""

    def at(minute: int) -> float:
        inside = min(minute - OPENING, CLOSING + RAMP_MINUTES - minute)
        least = EVENING_SHARE if EARLY <= minute < LATE else 0.0
        return requests_per_second * max(least, min(1.0, inside / RAMP_MINUTES))

    return at


def flash_crowd(requests_per_second: float) -> Traffic:
    """Return a business day in which ten times as many people come at once, for a quarter of an hour."""
    usual = business_day(requests_per_second)

    def at(minute: int) -> float:
        crowd = CROWD_BEGINS <= minute < CROWD_BEGINS + CROWD_MINUTES
        return usual(minute) * (CROWD_TIMES if crowd else 1)

    return at


@dataclasses.dataclass(frozen=True)
class Day:
    """A simulated day under a load, with its cost in dollars: tasks at the on-demand price, and the database."""

    name: str
    minutes: Sequence[Minute]
    usd: float


def days(configuration: Configuration, typical: float, prices: PriceList) -> list[Day]:
    """Simulate the days: quiet, typical, 4 times the typical load, a flash crowd. `typical` is requests per second."""
    loads: dict[str, Traffic] = {
        "nobody": lambda minute: 0.0,
        "typical": business_day(typical),
        "4 times": business_day(4 * typical),
        "flash crowd": flash_crowd(typical),
    }
    return [_day(name, configuration, traffic, prices) for name, traffic in loads.items()]


def _day(name: str, configuration: Configuration, traffic: Traffic, prices: PriceList) -> Day:
    minutes = run(configuration, traffic)
    processor = "arm" if configuration.arm else "x86"
    task = (
        configuration.vcpus * prices[f"fargate_{processor}_vcpu_hour"]
        + configuration.gigabytes * prices[f"fargate_{processor}_gb_hour"]
    )
    usd = sum(one.wanted * task + one.acu * prices["aurora_unit_hour"] for one in minutes) / 60
    return Day(name, minutes, usd)


HEADS = ("day", "peak req/s", "tasks", "longest wait", "refused", "ACU", "cost")


def row(day: Day) -> list[str]:
    """Return a day under the heads of the table."""
    tasks, acu = [one.tasks for one in day.minutes], [one.acu for one in day.minutes]
    return [
        day.name,
        f"{max(one.asked for one in day.minutes) / 60:.1f}",
        f"{min(tasks)} to {max(tasks)}",
        f"{max(one.wait_seconds for one in day.minutes):.1f} s",
        f"{refused_share(day.minutes):.2%}",
        f"{min(acu):g} to {max(acu):g}",
        f"${day.usd:.2f}",
    ]


def plot(day: Day) -> list[str]:
    """Return lines of bars over the day, each with what it shows and its highest value."""
    shown: dict[str, Callable[[Minute], float]] = {
        "requests/s": lambda one: one.asked / 60,
        "tasks": lambda one: one.tasks,
        "waiting, s": lambda one: one.wait_seconds,
        "refused/s": lambda one: one.refused / 60,
        "ACU": lambda one: one.acu,
    }
    lines = [f"{name:>11} {_bars([of(one) for one in day.minutes])}" for name, of in shown.items()]
    hours = "".join(f"{hour:<{COLUMNS // 8}}" for hour in range(0, 24, 3))
    return [*lines, f"{'hour':>11} {hours}"]


def _bars(values: Sequence[float]) -> str:
    width, most = MINUTES // COLUMNS, max(values)
    highest = [max(values[start : start + width]) for start in range(0, MINUTES, width)]
    bars = "".join(BARS[min(7, int(value / most * 7.999))] if value else " " for value in highest)
    return f"{bars} {most:.1f}"
