"""Every setting of notejam.toml is changed on a stage that is deployed in the emulator, there and back.

What the plan says is what then happens, the second deployment finds nothing to do, and nothing stays behind unnamed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from notejam_cfn.local import emulator
from notejam_cfn.local.setting_changes import DELIVERY, STAGE, Builder, Trial, Trials
from tools import changing
from tools.changing import SettingChange

# They name another place, in which everything comes up anew.
ELSEWHERE = {"region", "account", "delivery.account"}
CHANGES = list(changing.changes())
BUILDER = Builder()


@functools.cache
def is_quiet(number: int) -> bool:
    """Whether neither a change nor its undoing is refused: such changes are carried out all at once."""
    change = CHANGES[number]
    if change.setting == "size":
        return False
    there = BUILDER.judged(change.old, change.new, change.part)
    back = BUILDER.judged(change.new, change.old, change.part)
    return not any(finding.refused for each in (*there, *back) for finding in each.findings)


@pytest.fixture(scope="module")
def trials() -> Iterator[Trials]:
    with emulator.running() as aws:
        yield Trials(aws, BUILDER)


def require_as_planned(tried: tuple[Trial, Trial]) -> None:
    assert [list(trial.problems) for trial in tried] == [[], []]


def test_every_setting_has_a_change() -> None:
    assert {name for name, _ in changing.settings()} - {change.setting for change in CHANGES} == ELSEWHERE


@pytest.mark.parametrize("part", [STAGE, DELIVERY])
def test_changes_that_nobody_minds_can_all_be_made_at_once(trials: Trials, part: str) -> None:
    quiet = [each for number, each in enumerate(CHANGES) if each.part == part and is_quiet(number)]
    old = changing.BASE
    new = dict(old)
    for change in quiet:
        if change.old == old and not changing.touches_others(change, quiet):
            new |= {key: value for key, value in change.new.items() if old.get(key) != value}
    tried = trials.there_and_back(old, new, part)
    require_as_planned(tried)
    assert not any(trial.failure for trial in tried)


def _name(change: SettingChange) -> str:
    return f"{change.setting}: {' → '.join(change.words)}"


@pytest.mark.parametrize("number", range(len(CHANGES)), ids=[_name(change) for change in CHANGES])
def test_what_the_plan_says_of_a_change_is_what_happens(trials: Trials, number: int) -> None:
    change = CHANGES[number]
    if is_quiet(number) and change.old == changing.BASE and not changing.touches_others(change, CHANGES):
        return  # carried out with all the others like it
    require_as_planned(trials.there_and_back(change.old, change.new, change.part))


def test_the_page_says_what_the_plans_say() -> None:
    assert changing.TARGET.read_text(encoding="utf-8") == changing.page(BUILDER)
