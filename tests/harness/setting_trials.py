"""Changes the settings of a deployed stage in the emulator, there and back, and compares what happens with the plan.

A trial brings a stage up, deploys a change with everything allowed that the templates show it to do, plans again, and
goes back. What is compared: which resources are others, new or gone afterwards, what stayed behind, and if it failed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence

from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.deploy.aws.models import Event
from notejam_cfn.deploy.exit_codes import CommandError, Exit
from notejam_cfn.deploy.manifest import StackSpec
from notejam_cfn.deploy.plan.changes import Action
from notejam_cfn.deploy.plan.effects.findings import Verdict
from notejam_cfn.deploy.plan.effects.verdicts import Judged
from notejam_cfn.deploy.plan.model import Plan
from notejam_cfn.deploy.stacks.deploy import Deployment, Options
from notejam_cfn.deploy.stacks.stack_run import Session
from notejam_cfn.deploy.ui.progress import Silent
from notejam_cfn.deploy.ui.summary import exit_status, lines
from notejam_cfn.local.commands import NOBODY, require_good
from notejam_cfn.local.emulator import Emulator
from tools.changing import DELIVERY, IMAGE, STAGE, Builder, Settings

Held = dict[tuple[str, str], str]


@dataclasses.dataclass(frozen=True)
class Trial:
    """What a change did. `problems` says where the plan and what happened disagree; `failure` why it failed, if so."""

    plan: Plan
    failure: str
    problems: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Found:
    """What the stacks hold, the id of the last event of each, and the events since the look before."""

    held: Held
    last: Mapping[str, str]
    events: Sequence[Event]

    def of(self, stacks: Collection[str]) -> Held:
        """Return what stacks with these names hold."""
        return {key: value for key, value in self.held.items() if key[0] in stacks}


class Trials:
    """Carries trials out in one emulator; the stage there is kept from one to the next."""

    def __init__(self, aws: Emulator, builder: Builder) -> None:
        self.aws = aws
        self.builder = builder
        self.facade = Aws(Access(endpoint_url=aws.url, keys=aws.keys))
        self.deployed: tuple[str, Settings] | None = None
        self.found = Found({}, {}, ())

    def there_and_back(self, old: Settings, new: Settings, part: str = STAGE) -> tuple[Trial, Trial]:
        """Try a change and its undoing."""
        self._prepare(old, part)
        there = self._try(new, part)
        return there, there if there.failure else self._try(old, part)

    def _prepare(self, settings: Settings, part: str) -> None:
        """Bring the stage up as it is before the change; anew where another one is there."""
        if self.deployed == (part, settings):
            return
        self.aws.reset()
        deployment = self._deployment(settings, part, frozenset(), dry_run=False)
        require_good(deployment.run())
        self.deployed = (part, settings)
        self.found = self._look(list(deployment.stacks.values()), Found({}, {}, ()))

    def _try(self, settings: Settings, part: str) -> Trial:
        assert self.deployed
        everything = frozenset(each.change.id for each in self.builder.judged(self.deployed[1], settings, part))
        deployment = self._deployment(settings, part, everything, dry_run=False)
        failure, left = "", None
        try:
            results = deployment.run()
            if exit_status(results) is not Exit.DONE:
                failure = " ".join(line.strip() for line in lines(results, 0, "")[:4])
        except CommandError as error:
            failure, left = " ".join([str(error), *error.advice]), self.deployed  # nothing was begun
        plan = deployment.plan
        assert plan, failure
        problems = list(_surprises(plan, failure))
        self.deployed = left if failure else (part, settings)
        if not failure:
            before = self.found.of(deployment.stacks)
            self.found = self._look(list(deployment.stacks.values()), self.found)
            problems += _disagreements(plan, before, self.found.of(deployment.stacks), self.found.events)
            again = self._plan(settings, part)
            problems += [f"the second deployment finds {each.change.id} to do" for each in again.judged]
        return Trial(plan, failure, tuple(problems))

    def _plan(self, settings: Settings, part: str) -> Plan:
        deployment = self._deployment(settings, part, frozenset(), dry_run=True)
        try:
            deployment.run()
        except CommandError:
            if deployment.plan is None:
                raise
        assert deployment.plan
        return deployment.plan

    def _deployment(self, settings: Settings, part: str, allow: frozenset[str], dry_run: bool) -> Deployment:
        built = self.builder.build(settings, part)
        stacks = built.manifest.stacks if part == DELIVERY else built.manifest.stacks_of(part)
        takes_image = any("ImageUri" in stack.defaults for stack in stacks)
        parameters = (f"ImageUri={IMAGE}",) if takes_image else ()
        options = Options(yes=True, dry_run=dry_run, allow=allow, parameters=parameters)
        progress = Silent({stack.name: stack.layer for stack in stacks}, dict(built.templates))
        return Deployment(Session(self.facade, stacks, progress, NOBODY), options)

    def _look(self, stacks: Sequence[StackSpec], known: Found) -> Found:
        """Look at stacks that are there; what is known of other stacks, left by the settings of now, stays."""
        others = {key: value for key, value in known.held.items() if key[0] not in {stack.name for stack in stacks}}
        held = {
            (stack.name, held.logical_id): held.physical_id
            for stack in stacks
            for held in self.facade.resources(stack.region, stack.name)
        }
        events = {one.name: self.facade.events(one.region, one.name, known.last.get(one.name)) for one in stacks}
        newest = {name: found[-1].id for name, found in events.items() if found}
        happened = tuple(event for found in events.values() for event in found)
        return Found(others | held, {**known.last, **newest}, happened)


def _surprises(plan: Plan, failure: str) -> Iterator[str]:
    """Yield where a deployment failed or did not, and the plan said otherwise."""
    foretold = [each for each in plan.judged if any(f.verdict is Verdict.WILL_FAIL for f in each.findings)]
    certain = [each for each in foretold if each.worst.verdict is Verdict.WILL_FAIL and each.worst.refused]
    if failure and not foretold:
        yield f"it failed, which the plan did not say: {failure}"
    if not failure and certain:
        yield f"it did not fail, although the plan said so of {', '.join(each.change.id for each in certain)}"


def _disagreements(plan: Plan, before: Held, after: Held, events: Sequence[Event]) -> Iterator[str]:
    """Yield where what happened is not what the plan said."""
    by_key = {(each.change.stack, each.change.logical_id): each for each in plan.judged}
    yield from _other_resources(by_key, before, after)
    yield from _unnamed_orphans(by_key, events)


def _other_resources(judged: Mapping[tuple[str, str], Judged], before: Held, after: Held) -> Iterator[str]:
    for key in sorted(before.keys() | after.keys()):
        change = judged[key].change if key in judged else None
        happened = _happened(before.get(key), after.get(key))
        expected = {change.action} if change else {Action.CHANGE}
        if change and change.action is Action.MAYBE_REPLACE:
            expected = {Action.CHANGE, Action.REPLACE}
        if happened not in expected:
            told = change.action.value if change else "nothing"
            yield f"{'.'.join(key)}: the plan said {told}, what happened is {happened.value}"


def _happened(before: str | None, after: str | None) -> Action:
    if before is None or after is None:
        return Action.ADD if before is None else Action.REMOVE
    return Action.CHANGE if before == after else Action.REPLACE


def _unnamed_orphans(judged: Mapping[tuple[str, str], Judged], events: Sequence[Event]) -> Iterator[str]:
    """Yield what stayed behind without having been named: kept by its policy, or because it could not be deleted."""
    for event in events:
        if event.status not in ("DELETE_SKIPPED", "DELETE_FAILED") or event.of_stack:
            continue
        stack = event.stack_id.split("/")[1]
        found = judged.get((stack, event.logical_id))
        verdicts = {finding.verdict for finding in found.findings} if found else set()
        named = Verdict.KEPT if event.status == "DELETE_SKIPPED" else Verdict.ORDER
        if named not in verdicts:
            yield f"{stack}.{event.logical_id} stayed behind, which the plan did not say: {event.status} {event.reason}"
