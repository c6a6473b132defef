"""Every setting of notejam.toml is changed on a stage that is deployed in the emulator, there and back.

What the plan says is what then happens, the second deployment finds nothing to do, and nothing stays behind unnamed.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from notejam_cfn.deploy.plan.changes import Key
from notejam_cfn.deploy.plan.effects.findings import Verdict
from notejam_cfn.local.emulator import Emulator
from tests.harness.setting_trials import Trial, Trials
from tools import changing
from tools.changing import DELIVERY, STAGE, Builder, SettingChange

# They name another place, in which everything comes up anew.
ELSEWHERE = {"region", "account", "delivery.region", "delivery.account"}
CHANGES = list(changing.changes())
BUILDER = Builder()


def told() -> dict[tuple[str, str, str], str]:
    """What the page says of each change of a setting from one value to another; a test holds it against the plans."""
    found: dict[tuple[str, str, str], str] = {}
    setting = ""
    for line in changing.TARGET.read_text(encoding="utf-8").splitlines():
        if line.startswith("| "):
            name, old, new, said = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:5])
            setting = name.strip("`") or setting
            found[setting, old, new] = said
    return found


TOLD = told()


def said(change: SettingChange) -> str:
    """What the page says of a change and of its undoing, or that it may fail where the page does not have it yet."""
    old, new = change.words
    there = TOLD.get((change.setting, old, new), Verdict.WILL_FAIL.value)
    return f"{there}; {TOLD.get((change.setting, new, old), there)}"


def is_alone(change: SettingChange) -> bool:
    """Whether a change is carried out by itself: of everything that a size stands for, or one that may fail."""
    return change.old != changing.BASE or Verdict.WILL_FAIL.value in said(change)


def is_quiet(change: SettingChange) -> bool:
    """Whether neither a change nor its undoing is refused."""
    return "**" not in said(change)


@dataclasses.dataclass
class Group:
    """Changes that are carried out together, the resources that they touch, and the settings that they give."""

    touched: set[Key] = dataclasses.field(default_factory=set)
    new: dict[str, Any] = dataclasses.field(default_factory=dict)

    def takes(self, change: SettingChange) -> bool:
        """Take a change, unless another one touches the same resources: each must show by itself."""
        new = {key: value for key, value in change.new.items() if change.old.get(key) != value}
        there = BUILDER.judged(change.old, change.new, change.part)
        back = BUILDER.judged(change.new, change.old, change.part)
        touched = {(each.change.stack, each.change.logical_id) for each in (*there, *back)}
        if self.touched & touched or self.new.keys() & new.keys():
            return False
        self.touched |= touched
        self.new |= new
        return True


def groups(part: str) -> list[Group]:
    """Put the changes that are not quiet, or of which there are several of a setting, into as few groups as may be."""
    found: list[Group] = []
    for change in CHANGES:
        with_all = is_quiet(change) and not changing.touches_others(change, CHANGES)
        wanted = change.part == part and not is_alone(change) and not with_all
        if wanted and not any(group.takes(change) for group in found):
            found.append(Group())
            assert found[-1].takes(change)
    return found


@pytest.fixture(scope="module")
def trials(running_emulator: Emulator) -> Trials:
    return Trials(running_emulator, BUILDER)


def require_as_planned(tried: tuple[Trial, Trial]) -> None:
    assert [list(trial.problems) for trial in tried] == [[], []]


def test_every_setting_has_a_change() -> None:
    assert {name for name, _ in changing.settings()} - {change.setting for change in CHANGES} == ELSEWHERE


@pytest.mark.parametrize("part", [DELIVERY, STAGE])
def test_changes_that_nobody_minds_can_all_be_made_at_once(trials: Trials, part: str) -> None:
    new = dict(changing.BASE)
    for change in CHANGES:
        quiet = change.part == part and not is_alone(change) and is_quiet(change)
        if quiet and not changing.touches_others(change, CHANGES):
            new |= {key: value for key, value in change.new.items() if change.old.get(key) != value}
    tried = trials.there_and_back(changing.BASE, new, part)
    require_as_planned(tried)
    assert not any(trial.failure for trial in tried)


@pytest.mark.long
@pytest.mark.parametrize("part", [STAGE, DELIVERY])
def test_what_the_plan_says_of_changes_of_different_resources_is_what_happens(trials: Trials, part: str) -> None:
    for group in groups(part):
        require_as_planned(trials.there_and_back(changing.BASE, changing.BASE | group.new, part))


# In an order in which one begins with what the one before has left deployed.
ALONE = sorted(
    (change for change in CHANGES if is_alone(change)),
    key=lambda change: (change.part == DELIVERY, change.old != changing.BASE, change.old["size"]),
)


def _name(change: SettingChange) -> str:
    return f"{change.setting}: {' → '.join(change.words)}"


@pytest.mark.parametrize("change", ALONE, ids=_name)
def test_what_the_plan_says_of_a_change_is_what_happens(trials: Trials, change: SettingChange) -> None:
    require_as_planned(trials.there_and_back(change.old, change.new, change.part))


@pytest.mark.long
def test_the_page_says_what_the_plans_say() -> None:
    assert changing.TARGET.read_text(encoding="utf-8") == changing.page(BUILDER)
