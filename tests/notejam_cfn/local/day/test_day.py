"""The promises about traffic, on the scaling that the built templates state."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from notejam_cfn.cli.main import main
from notejam_cfn.config.loader import load
from notejam_cfn.core import render
from notejam_cfn.core.evaluated import EvaluatedTemplate
from notejam_cfn.local.day import configuration, report, simulation
from notejam_cfn.local.day.configuration import Configuration, Scheduled
from notejam_cfn.reports.cost.prices import read_prices
from notejam_cfn.reports.cost.usage import TYPICAL_REQUESTS_PER_SECOND
from tests.notejam_cfn.deploy.conftest import Shop, templates

ROOT = Path(__file__).parents[4]
SIZES = {stage.name: stage.size for stage in load(ROOT / "notejam.toml").stages}


def scaling_of(stage: str) -> Configuration:
    manifest = json.loads((ROOT / "output" / "manifest.json").read_text(encoding="utf-8"))
    paths = [one["template"] for one in manifest["stacks"] if (one["stage"], one["form"]) == (stage, "layered")]
    loaded = (render.load((ROOT / "output" / path).read_text(encoding="utf-8")) for path in paths)
    return configuration.read([EvaluatedTemplate(template) for template in loaded])


@pytest.mark.parametrize("stage", SIZES)
def test_4_times_the_typical_load_is_served_without_refusing_anybody_who_finds_it_awake(stage: str) -> None:
    traffic = report.business_day(4 * TYPICAL_REQUESTS_PER_SECOND[SIZES[stage]])
    busy = simulation.run(scaling_of(stage), traffic)[report.OPENING :]
    assert simulation.refused_share(busy) == 0
    assert max(one.wait_seconds for one in busy) < 1
    assert max(one.tasks for one in busy) < scaling_of(stage).maximum


def test_without_scaling_4_times_the_typical_load_would_be_refused() -> None:
    fixed = dataclasses.replace(scaling_of("prod"), minimum=1, tracking=(), schedules=())
    minutes = simulation.run(fixed, report.business_day(4 * TYPICAL_REQUESTS_PER_SECOND["resilient"]))
    assert simulation.refused_share(minutes) > 0.1


def test_dev_sleeps_at_night_and_the_first_visitor_wakes_it_within_minutes() -> None:
    minutes = simulation.run(scaling_of("dev"), report.business_day(0.5))
    assert {one.tasks for one in minutes[60 : report.EARLY]} == {0}
    assert {one.acu for one in minutes[60 : report.EARLY]} == {0}
    awake = next(one.minute for one in minutes[report.EARLY :] if one.tasks)
    assert awake - report.EARLY <= 3
    assert simulation.refused_share(minutes[awake : report.LATE]) == 0


def test_nobody_pays_for_a_stage_that_sleeps() -> None:
    days = report.days(scaling_of("dev"), 0.5, read_prices("eu-central-1"))
    assert days[0].usd == 0
    assert days[1].usd < days[2].usd + 0.01


def test_a_flash_crowd_is_refused_for_minutes_only() -> None:
    minutes = simulation.run(scaling_of("prod"), report.flash_crowd(TYPICAL_REQUESTS_PER_SECOND["resilient"]))
    refused = [one.minute for one in minutes if one.refused]
    assert refused[0] == report.CROWD_BEGINS
    assert refused[-1] - refused[0] <= 6


def test_business_hours_have_more_tasks_before_anybody_comes() -> None:
    minutes = simulation.run(scaling_of("prod"), lambda minute: 0.0)
    assert [minutes[hour * 60 + 10].tasks for hour in (5, 7, 18, 19)] == [3, 6, 6, 3]
    weekend = simulation.run(scaling_of("prod"), lambda minute: 0.0, day=0)
    assert {one.tasks for one in weekend} == {3}


@pytest.mark.parametrize(
    ("cron", "day", "minute", "due"),
    [
        ("cron(0 19 ? * MON-FRI *)", 5, 19 * 60, True),
        ("cron(0 19 ? * MON-FRI *)", 6, 19 * 60, False),
        ("cron(0 19 ? * MON-FRI *)", 5, 19 * 60 + 1, False),
        ("cron(0/5 7-18 ? * MON-FRI *)", 1, 18 * 60 + 55, True),
        ("cron(0/5 7-18 ? * MON-FRI *)", 1, 18 * 60 + 56, False),
        ("cron(0/5 7-18 ? * MON-FRI *)", 1, 6 * 60 + 55, False),
    ],
)
def test_schedules_are_read_as_cron_expressions(cron: str, day: int, minute: int, due: bool) -> None:
    assert Scheduled(cron, 1).due(day, minute) is due


def test_a_plot_is_as_wide_as_a_day_and_tells_its_highest_value() -> None:
    (_, typical, *_) = report.days(scaling_of("prod"), 50, read_prices("eu-central-1"))
    lines = report.plot(typical)
    assert lines[0].startswith(" requests/s ")
    assert lines[0].endswith(" 50.0")
    assert len(lines[0]) == len(" requests/s ") + report.COLUMNS + len(" 50.0")


def test_a_stage_without_a_service_has_no_day_to_simulate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Shop(tmp_path, templates()).write()
    assert main(["rehearse", "dev", "--day", "--output", str(tmp_path)]) == 2
    assert "there is nothing to simulate: the stage's templates have no service" in capsys.readouterr().err
