"""Facts about what is kept for how long, found by simulating the plan of a template."""

from __future__ import annotations

import datetime
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.cli.main import main
from notejam_cfn.config.settings import LEAST_MONTHLY_DAYS
from notejam_cfn.core.render import load
from notejam_cfn.reports import retention
from notejam_cfn.reports.retention import ARCHIVE, EXPORT, WARM, Plan, Rule

ROOT = Path(__file__).parents[3]
START = datetime.date(2026, 1, 1)
FIVE_YEARS = 5 * 365
DAILY, WEEKLY, MONTHLY = "cron(0 4 * * ? *)", "cron(0 5 ? * SUN *)", "cron(0 6 1 * ? *)"


def plan(*, monthly: int = 1127, weekly: int = 371, daily: int = 35, warm: int = 1095) -> Plan:
    rules = (
        Rule("daily", DAILY, daily),
        Rule("weekly", WEEKLY, weekly),
        Rule("monthly", MONTHLY, monthly),
    )
    return Plan(rules, warm_days=warm, export_days=3653, recovery_days=35)


def read(templates: dict[str, Any]) -> Plan:
    """Read the plan of a stage, as the command does."""
    return retention.read_plan(templates["database"], templates["backups"])


@pytest.mark.parametrize("size", ["standard", "resilient"])
@pytest.mark.parametrize("start", ["2026-01-01", "2024-02-29", "2027-03-31", "2027-12-02"])
def test_every_day_of_three_years_is_covered_over_five_years(compose: Any, size: str, start: str) -> None:
    found, begin = read(compose(size)), datetime.date.fromisoformat(start)
    kept = retention.simulate(found, begin, FIVE_YEARS)
    assert list(retention.broken_promises(found, kept, begin, FIVE_YEARS)) == []


@pytest.mark.parametrize(("days", "kept"), [(1126, True), (1125, False)])
def test_the_least_that_can_be_configured_is_the_least_that_keeps_the_promise(days: int, kept: bool) -> None:
    found = plan(monthly=days)
    simulated = retention.simulate(found, START, FIVE_YEARS)
    assert (list(retention.broken_promises(found, simulated, START, FIVE_YEARS)) == []) == kept
    assert LEAST_MONTHLY_DAYS == 1126


def test_the_same_plan_stands_in_the_template_for_the_console(compose: Any) -> None:
    templates = compose("resilient")
    assert retention.read_plan(templates["console"]) == read(templates)


def test_monthly_snapshots_stay_warm_for_three_years_and_their_exports_go_to_the_archive_then(compose: Any) -> None:
    found = read(compose("resilient"))
    kept = retention.simulate(found, START, 1)
    snapshot, export = (next(k for k in kept if k.kind == kind and k.schedule == "monthly") for kind in (WARM, EXPORT))
    after = START + datetime.timedelta(days=1095)
    assert snapshot.on(after) and export.on(after)
    assert export.tier(after - retention.DAY) == EXPORT
    assert export.tier(after) == ARCHIVE


def test_an_export_outlives_its_snapshot_by_years(compose: Any) -> None:
    found = read(compose("standard"))
    kept = retention.simulate(found, START, FIVE_YEARS)
    assert retention.oldest(kept, START + datetime.timedelta(days=FIVE_YEARS - 1), EXPORT) == START


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"monthly": 1000}, "is gone on"),
        ({"weekly": 60}, "more than 7 days apart"),
        ({"warm": 0, "monthly": 1100}, "are promised"),
    ],
)
def test_a_plan_that_forgets_too_early_is_found_out(broken: dict[str, int], says: str) -> None:
    found = plan(**broken)
    kept = retention.simulate(found, START, FIVE_YEARS)
    assert any(says in problem for problem in retention.broken_promises(found, kept, START, FIVE_YEARS))


def test_a_snapshot_that_vanishes_without_an_export_is_found_out() -> None:
    found = plan()
    kept = [one for one in retention.simulate(found, START, FIVE_YEARS) if one.kind != EXPORT]
    assert any("no export of it" in problem for problem in retention.broken_promises(found, kept, START, 1))


def test_one_backup_that_was_never_made_is_found_out() -> None:
    found = plan()
    whole = retention.simulate(found, START, FIVE_YEARS)
    missed = datetime.date(2026, 6, 1)
    kept = [one for one in whole if one.made != missed]
    assert any("more than 31 days apart" in text for text in retention.broken_promises(found, kept, START, FIVE_YEARS))


def test_snapshots_cost_nothing_while_any_second_can_be_recovered_anyway() -> None:
    found = plan(monthly=0, weekly=0)
    kept = [one for one in retention.simulate(found, START, 30) if one.kind == WARM]
    assert retention.look(kept, found, START + datetime.timedelta(days=29)).monthly_cost == 0


@pytest.mark.parametrize(
    ("schedule", "days"),
    [(DAILY, 28), (WEEKLY, 4), (MONTHLY, 1), ("cron(0 6 15 * ? *)", 1)],
)
def test_schedules_are_read(schedule: str, days: int) -> None:
    end = datetime.date(2027, 3, 1)
    assert len(list(retention.dates(schedule, datetime.date(2027, 2, 1), end))) == days


def test_a_schedule_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot read the schedule"):
        list(retention.dates("rate(1 day)", START, START + retention.DAY))


def test_a_region_without_exports_keeps_monthly_snapshots_for_as_long_as_an_export(compose: Any) -> None:
    found = read(compose("standard", region="us-gov-west-1"))
    assert found.warm_days == 0
    assert next(rule.retention_days for rule in found.rules if rule.name == "monthly") == 3653


def test_what_would_be_exported_for_ever_is_kept_for_ever_where_there_are_no_exports(compose: Any) -> None:
    templates = compose("standard", region="us-gov-west-1", backups={"export_retention_days": 0})
    assert read(templates).longest.retention_days == 36500


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A copy of output/, to break."""
    return Path(shutil.copytree(ROOT / "output", tmp_path / "output"))


def broken(built: Path, break_it: Callable[[dict[str, Any]], None]) -> None:
    """Change production's backup plans in the built template."""
    path = built / "prod/backups.yaml"
    template = load(path.read_text(encoding="utf-8"))
    break_it(template["Resources"])
    path.write_text(json.dumps(template), encoding="utf-8")


def test_the_command_says_that_the_promise_is_kept(capsys: Any, tmp_path: Path) -> None:
    picture = tmp_path / "kept.svg"
    assert main(["retention", "--stage", "prod", "--plot", str(picture)]) == 0
    assert "Kept: every day of the last three years" in capsys.readouterr().out
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg") and all(f">{year}</text>" in drawn for year in range(2026, 2031))


def shorten(resources: dict[str, Any]) -> None:
    resources["MonthlyBackups"]["Properties"]["BackupPlan"]["BackupPlanRule"][0]["Lifecycle"]["DeleteAfterDays"] = 365


def forget_monthly(resources: dict[str, Any]) -> None:
    del resources["MonthlyBackups"]


def forget_weekly(resources: dict[str, Any]) -> None:
    del resources["RegularBackups"]["Properties"]["BackupPlan"]["BackupPlanRule"][1]


def forget_archive(resources: dict[str, Any]) -> None:
    resources["Exports"]["Properties"]["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] = 1100


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (shorten, "no schedule keeps three years: weekly, the longest, keeps 371 days"),
        (forget_monthly, "no schedule keeps three years: weekly, the longest, keeps 371 days"),
        (forget_weekly, "are more than 7 days apart"),
        (forget_archive, "and no export of it is left"),
    ],
)
def test_the_command_finds_out_a_template_that_breaks_the_promise(
    capsys: Any, built: Path, break_it: Callable[[dict[str, Any]], None], says: str
) -> None:
    broken(built, break_it)
    assert main(["retention", "--output", str(built)]) == 1
    said = capsys.readouterr().out
    assert re.search(rf"BROKEN, \d+ times; first: .*{re.escape(says)}", said), said


def test_a_stage_that_people_may_delete_from_promises_nothing(capsys: Any) -> None:
    assert main(["retention", "--stage", "dev"]) == 0
    assert "Three years are not promised here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--stage", "nowhere"], "no backup plan of nowhere"),
        (["--output", "missing"], "no backup plan of any stage"),
        (["--plot", "all.svg"], "--plot draws one stage"),
    ],
)
def test_what_cannot_be_simulated_is_refused(capsys: Any, arguments: list[str], says: str) -> None:
    assert main(["retention", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_the_command_tells_machines_too(capsys: Any) -> None:
    assert main(["retention", "--stage", "test", "--years", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["test"]["broken"] == []
    assert document["test"]["days"][-1]["counts"][WARM] > 12


def test_a_copy_that_is_kept_for_a_week_is_moved_every_day_all_the_same() -> None:
    daily = retention.Rule("daily", "cron(0 3 * * ? *)", 7, copy_days=7)
    week = retention.Plan((daily,), recovery_days=35)
    day = START + datetime.timedelta(days=60)
    cost = retention.look(retention.simulate(week, START, 90), week, day).monthly_cost
    moved, there = retention.DAYS_A_MONTH * retention.COPYING, 7 * retention.PRICES[retention.COPY]
    assert cost == pytest.approx(moved + there)
