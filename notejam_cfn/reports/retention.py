"""Simulates what a backup plan keeps: which snapshots and exports exist on any day, in which tier, at what cost.

The plan is read from the template that is deployed, not from the configuration it was made of. A day is the unit:
backups are made at night, and a snapshot kept for n days is there on its first day and the n - 1 after it.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .cost import REFERENCE_REGION, read_prices
from .cost.pricers import PARQUET_SHARE
from .facts import Facts

Date = datetime.date
DAY = datetime.timedelta(days=1)
DAYS_A_MONTH = 365 / 12
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHLY = "monthly"
WARM, ARCHIVE, EXPORT, COPY = "snapshot", "archived export", "warm export", "copy"
FOR_EVER = Date.max
# Dollars a GB and month; the last two are dollars a GB, once.
LIST_PRICES = read_prices(REFERENCE_REGION)
PRICES = {
    WARM: LIST_PRICES["aurora_backup_gb_month"],
    COPY: LIST_PRICES["aurora_backup_gb_month"],
    EXPORT: LIST_PRICES["s3_gb_month"],
    ARCHIVE: LIST_PRICES["archive_gb_month"],
}
EXPORTING, COPYING = LIST_PRICES["aurora_export_gb"], LIST_PRICES["between_regions_gb"]
# The promise, an age in days → the most days between two recovery points that are not older: three years, densely where
# mistakes are noticed, and monthly beyond that.
PROMISE = {7: 1, 90: 7, 1095: 31}
PROMISED_DAYS = max(PROMISE)


@dataclasses.dataclass(frozen=True)
class Rule:
    """A schedule of the plan. `copy_days` is how long a copy in the second region is kept, 0 for none."""

    name: str
    schedule: str
    retention_days: int
    copy_days: int = 0


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a template says about keeping backups. Without exports `warm_days` is 0; `export_days` of 0 is for ever.

    `guarded` says that nobody may delete from the vault before the time has come. `recovery_days` is how far back any
    second can be recovered, by Aurora itself; snapshots of that time cost nothing.
    """

    rules: tuple[Rule, ...]
    warm_days: int = 0
    export_days: int = 0
    guarded: bool = True
    recovery_days: int = 1

    @property
    def promises_three_years(self) -> bool:
        """Whether the plan is meant to keep three years: a stage that is made to be thrown away does not guard."""
        return self.guarded or any(rule.name == MONTHLY for rule in self.rules)

    @property
    def longest(self) -> Rule:
        """The schedule whose snapshots are kept for the longest time."""
        return max(self.rules, key=lambda rule: rule.retention_days)


@dataclasses.dataclass(frozen=True)
class Kept:
    """Something that is kept from a day on until, and not on, another."""

    kind: str
    schedule: str
    made: Date
    until: Date
    archived: Date = FOR_EVER

    def on(self, day: Date) -> bool:
        """Whether it is there on a day."""
        return self.made <= day < self.until

    def tier(self, day: Date) -> str:
        """Return what it is on a day."""
        return ARCHIVE if self.kind == EXPORT and day >= self.archived else self.kind


@dataclasses.dataclass(frozen=True)
class Day:
    """How much of each tier there is on a day, and what a month like it costs in dollars for each GB of database."""

    date: Date
    counts: Mapping[str, int]
    monthly_cost: float


def read_plan(*templates: Mapping[str, Any]) -> Plan:
    """Read the plan from the rendered templates that hold it and the database. Raises ValueError when there is none."""
    facts = Facts(templates)
    rules = tuple(
        Rule(
            name=rule["RuleName"],
            schedule=rule["ScheduleExpression"],
            retention_days=int(rule["Lifecycle"]["DeleteAfterDays"]),
            copy_days=_copy_days(rule.get("CopyActions", [])),
        )
        for rule in facts.backup_rules()
    )
    if not rules:
        raise ValueError("the templates have no backup plan")
    exported = facts.has("AWS::StepFunctions::StateMachine")
    warm, kept = (facts.archive if exported else None) or (0, 0)
    guarded = all("AccessPolicy" in vault for vault in facts.all("AWS::Backup::BackupVault").values())
    recovered = (int(cluster["BackupRetentionPeriod"]) for cluster in facts.all("AWS::RDS::DBCluster").values())
    return Plan(rules, warm, kept, guarded, max(recovered, default=1))


def simulate(plan: Plan, start: Date, days: int) -> list[Kept]:
    """Return everything that is made from a day on, in the order it is made."""
    made: list[Kept] = []
    for rule in plan.rules:
        for day in dates(rule.schedule, start, start + days * DAY):
            made.append(Kept(WARM, rule.name, day, day + rule.retention_days * DAY))
            if rule.copy_days:
                made.append(Kept(COPY, rule.name, day, day + rule.copy_days * DAY))
            if rule.name == MONTHLY and plan.warm_days:
                until = day + plan.export_days * DAY if plan.export_days else FOR_EVER
                made.append(Kept(EXPORT, rule.name, day, until, archived=day + plan.warm_days * DAY))
    return sorted(made, key=lambda kept: (kept.made, kept.kind))


def look(kept: Sequence[Kept], plan: Plan, day: Date) -> Day:
    """Count what there is on a day, and price it."""
    there = [one for one in kept if one.on(day)]
    counts = {tier: sum(one.tier(day) == tier for one in there) for tier in PRICES}
    return Day(day, counts, sum(_price(one, plan, day) for one in there))


def broken_promises(plan: Plan, kept: Sequence[Kept], start: Date, days: int) -> Iterator[str]:
    """Yield what is wrong, a sentence each: a gap wider than promised, or something gone before its time."""
    longest = plan.longest
    if longest.retention_days < PROMISED_DAYS:
        yield f"no schedule keeps three years: {longest.name}, the longest, keeps {longest.retention_days} days"
    snapshots = [one for one in kept if one.kind == WARM]
    first = start.toordinal()
    for day, points in _points(plan, snapshots, first, days):
        yield from _gaps(points, first, day)
    yield from _vanished(plan, kept)


def oldest(kept: Sequence[Kept], day: Date, *kinds: str) -> Date | None:
    """Return the oldest date that can be recovered from things of these kinds on a day."""
    return min((one.made for one in kept if one.kind in kinds and one.on(day)), default=None)


def dates(schedule: str, start: Date, end: Date) -> Iterator[Date]:
    """Yield the days that a schedule such as `cron(0 5 1 * ? *)` names. Raises ValueError for one it cannot read.

    Understood are every day, a weekday, and a day of the month.
    """
    found = re.fullmatch(r"cron\(\d+ \d+ (\*|\?|\d+) \* (\*|\?|[A-Z]{3}) \*\)", schedule)
    if not found:
        raise ValueError(f"cannot read the schedule {schedule!r}")
    of_month, weekday = found.groups()
    for number in range((end - start).days):
        day = start + number * DAY
        if of_month.isdigit() and day.day != int(of_month):
            continue
        if weekday in WEEKDAYS and day.weekday() != WEEKDAYS.index(weekday):
            continue
        yield day


def _copy_days(actions: Any) -> int:
    """Return how long copies are kept; in a template for the console they may hang on a condition."""
    chosen = actions["Fn::If"][1] if isinstance(actions, dict) else actions
    return int(chosen[0]["Lifecycle"]["DeleteAfterDays"]) if chosen else 0


def _price(one: Kept, plan: Plan, day: Date) -> float:
    """Return what one thing costs a month on a day, for each GB of the database; what is paid once, in its month.

    What is there for less than a month stands for those that were, or will be, in its place in the rest of it.
    """
    new = (day - one.made).days < DAYS_A_MONTH
    if one.kind == WARM:
        free = (day - one.made).days < plan.recovery_days
        return 0.0 if free else PRICES[WARM]
    if one.kind == COPY:
        return PRICES[COPY] + (COPYING * DAYS_A_MONTH / min((one.until - one.made).days, DAYS_A_MONTH) if new else 0)
    return PRICES[one.tier(day)] * PARQUET_SHARE + (EXPORTING if new else 0)


def _points(plan: Plan, snapshots: Sequence[Kept], first: int, days: int) -> Iterator[tuple[int, list[int]]]:
    """Yield each day with those that can be recovered on it, the newest first: of snapshots, and kept to the second.

    Days are numbers here, Python's ordinals of dates: five years of a plan are a million of them.
    """
    coming = collections.deque(sorted((one.made.toordinal(), one.until.toordinal()) for one in snapshots))
    there: list[tuple[int, int]] = []
    for day in range(first, first + days):
        while coming and coming[0][0] <= day:
            there.append(coming.popleft())
        there = [(made, until) for made, until in there if day < until]
        recent = range(max(first, day - plan.recovery_days), day + 1)
        yield day, sorted({*recent, *(made for made, _ in there)}, reverse=True)


def _gaps(points: Sequence[int], first: int, day: int) -> Iterator[str]:
    """Yield the ages at which the recovery points of a day are further apart than promised.

    The oldest must be as old as promised, or as near to the plan's first day as points must be to each other.
    """
    for newer, older in itertools.pairwise(points):
        if newer - older == 1:
            continue
        allowed = _allowed(day - newer + 1)
        if allowed and newer - older > allowed:
            told = f"{Date.fromordinal(older)} and {Date.fromordinal(newer)} are more than {allowed} days apart"
            yield f"on {Date.fromordinal(day)} the points of {told}"
    allowed = _allowed(day - points[-1] + 1)
    if allowed and points[-1] - first > allowed:
        last = Date.fromordinal(points[-1])
        yield f"on {Date.fromordinal(day)} nothing is left of before {last}, {PROMISED_DAYS} days are promised"


def _allowed(age_days: int) -> int | None:
    return next((days for age, days in PROMISE.items() if age_days <= age), None)


def _vanished(plan: Plan, kept: Sequence[Kept]) -> Iterator[str]:
    """Yield what goes before its time: a monthly snapshot before three years, or before its export is there."""
    exports = {one.made: one for one in kept if one.kind == EXPORT}
    for one in kept:
        if one.kind != WARM or one.schedule != MONTHLY:
            continue
        if (one.until - one.made).days < PROMISED_DAYS:
            yield f"the monthly snapshot of {one.made} is gone on {one.until}"
        export = exports.get(one.made)
        if plan.warm_days and (export is None or not export.until > one.until):
            yield f"the snapshot of {one.made} goes on {one.until} and no export of it is left"
