"""Changes the settings of a deployed stage in the emulator, there and back, and compares what happens with the plan.

A trial brings a stage up, plans a change, carries it out with everything allowed, plans again, and goes back. What is
compared: which resources are others, new or gone afterwards, what stayed behind, and whether it failed.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..build.manifest import entry, text
from ..config.loader import parse
from ..core import names
from ..core.render import compact_json
from ..deploy.aws.client import Access, Aws
from ..deploy.aws.models import Event
from ..deploy.exit_codes import CommandError, Exit
from ..deploy.manifest import FILE_NAME, Manifest, read
from ..deploy.plan import two_steps
from ..deploy.plan.changes import Action, StackChange, compare
from ..deploy.plan.effects.findings import Verdict
from ..deploy.plan.effects.verdicts import Judged, judge
from ..deploy.plan.model import Plan
from ..deploy.stacks.deploy import Deployment, Options
from ..deploy.stacks.stack_run import Session
from ..deploy.stacks.templates import Template
from ..deploy.ui.progress import Silent
from ..deploy.ui.summary import exit_status, lines
from ..stacks import layers_of_stage
from ..stacks.delivery import delivery_stacks
from .emulator import Emulator
from .promises import NOBODY, require_good

STAGE, DELIVERY = "dev", "delivery"
IMAGE = "rehearsal.example/notejam@sha256:" + "0" * 64
Settings = Mapping[str, Any]
"""Values by setting: `network.zones`, or `delivery.branch`."""
Held = dict[tuple[str, str], str]


@dataclasses.dataclass(frozen=True)
class Built:
    """A configuration, built: its stacks and their templates by name."""

    manifest: Manifest
    templates: Mapping[str, Template]


@dataclasses.dataclass(frozen=True)
class Trial:
    """What a change did. `problems` says where the plan and what happened disagree; `failure` why it failed, if so."""

    plan: Plan
    failure: str
    problems: tuple[str, ...]


class Builder:
    """Builds configurations of one stage; what was built or judged once is kept."""

    def __init__(self) -> None:
        self._built: dict[str, Built] = {}
        self._judged: dict[str, tuple[Judged, ...]] = {}
        self._templates: dict[str, Template] = {}

    def build(self, settings: Settings, part: str = STAGE) -> Built:
        """Build the stage, or the pipeline, with these settings."""
        key = _key(part, settings)
        if key not in self._built:
            self._built[key] = self._build(settings, part)
        return self._built[key]

    def judged(self, old: Settings, new: Settings, part: str = STAGE) -> tuple[Judged, ...]:
        """Return what a change of settings means, from the templates alone."""
        key = _key(part, old, new)
        if key not in self._judged:
            self._judged[key] = _judged(self.build(old, part), self.build(new, part), part)
        return self._judged[key]

    def _build(self, settings: Settings, part: str) -> Built:
        """Build what is deployed of a part: the pipeline, with the network that it reads, or the layers of a stage."""
        project = parse(document(settings))
        layers = layers_of_stage(project.stages[0])
        networks = [layer for layer in layers if layer.layer == names.NETWORK]
        stacks = [*networks, *delivery_stacks(project, layers)] if part == DELIVERY else layers
        bodies = {one.name: one.template.to_dict() for one in stacks}
        texts = {name: compact_json(body) for name, body in bodies.items()}
        entries = [entry(one, f"{one.path}.json", texts[one.name], bodies[one.name]) for one in stacks]
        with tempfile.TemporaryDirectory(prefix="changing-") as folder:
            Path(folder, FILE_NAME).write_text(text(project, entries), encoding="utf-8")
            return Built(read(Path(folder)), {name: self._template(texts[name], bodies[name]) for name in bodies})

    def _template(self, text: str, body: Mapping[str, Any]) -> Template:
        """Return the template; the same one for each configuration in which a stack says the same."""
        return self._templates.setdefault(text, Template(body))


def _key(part: str, *settings: Settings) -> str:
    return repr((part, *(sorted(each.items()) for each in settings)))


def _judged(before: Built, after: Built, part: str) -> tuple[Judged, ...]:
    now = {
        (name, output): f"{name}/{output}"
        for name, template in before.templates.items()
        for output in template.document.get("Outputs", {})
    }
    image = {"ImageUri": IMAGE}
    sides = [
        StackChange(
            name=stack.name,
            layer=stack.layer,
            new=after.templates[stack.name].document,
            new_values={**_defaults(after.templates[stack.name]), **stack.values, **image},
            old=before.templates[stack.name].document if stack.name in before.templates else None,
            old_values=image,
        )
        for stack in after.manifest.stacks_of(part)
    ]
    comparison = compare(sides, now)
    return judge(comparison, {}, two_steps.removed_last(comparison))


class Trials:
    """Carries trials out in one emulator; the stage there is kept from one to the next."""

    def __init__(self, aws: Emulator, builder: Builder) -> None:
        self.aws = aws
        self.builder = builder
        self.facade = Aws(Access(endpoint_url=aws.url, keys=aws.keys))
        self.deployed: tuple[str, Settings] | None = None

    def there_and_back(self, old: Settings, new: Settings, part: str = STAGE) -> tuple[Trial, Trial]:
        """Try a change and its undoing."""
        self._prepare(old, part)
        there = self._try(new, part)
        self._prepare(new if self.deployed else old, part)
        return there, self._try(old, part) if self.deployed == (part, new) else there

    def _prepare(self, settings: Settings, part: str) -> None:
        """Bring the stage up as it is before the change; anew where another one is there."""
        if self.deployed == (part, settings):
            return
        self.aws.reset()
        require_good(self._deployment(settings, part, frozenset(), dry_run=False).run())
        self.deployed = (part, settings)

    def _try(self, settings: Settings, part: str) -> Trial:
        plan = self._plan(settings, part)
        before = self._held(plan)
        last = {name: self.facade.last_event(each.stack.region, name) for name, each in plan.stacks.items()}
        everything = frozenset(each.change.id for each in plan.judged)
        failure = ""
        try:
            results = self._deployment(settings, part, everything, dry_run=False).run()
            if exit_status(results) is not Exit.DONE:
                failure = " ".join(line.strip() for line in lines(results, 0, "")[:4])
        except CommandError as error:
            failure = " ".join([str(error), *error.advice])
        problems = list(_disagreements(plan, failure, before, self._held(plan), self._events(plan, last)))
        self.deployed = None if failure else (part, settings)
        if not failure:
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

    def _held(self, plan: Plan) -> Held:
        return {
            (name, held.logical_id): held.physical_id
            for name, each in plan.stacks.items()
            if self.facade.stack(each.stack.region, name)
            for held in self.facade.resources(each.stack.region, name)
            if held.status != "DELETE_COMPLETE"
        }

    def _events(self, plan: Plan, last: Mapping[str, Event | None]) -> list[Event]:
        found: list[Event] = []
        for name, each in plan.stacks.items():
            event = last[name]
            if self.facade.stack(each.stack.region, name):
                found += self.facade.events(each.stack.region, name, event.id if event else None)
        return found


def document(settings: Settings) -> dict[str, Any]:
    """Return the settings as notejam.toml has them."""
    stage: dict[str, Any] = {}
    document: dict[str, Any] = {"project": {"name": "notejam"}, "stages": {STAGE: stage}}
    for name, value in settings.items():
        *parts, last = name.split(".")
        place = document if parts[:1] == [DELIVERY] else stage
        for each in parts:
            place = place.setdefault(each, {})
        place[last] = value
    return document


def _defaults(template: Template) -> dict[str, str]:
    return {name: str(body.get("Default", "")) for name, body in template.document.get("Parameters", {}).items()}


def _disagreements(plan: Plan, failure: str, before: Held, after: Held, events: list[Event]) -> Iterator[str]:
    """Yield where what happened is not what the plan said."""
    foretold = [each for each in plan.judged if any(f.verdict is Verdict.WILL_FAIL for f in each.findings)]
    certain = [each for each in foretold if each.worst.verdict is Verdict.WILL_FAIL and each.worst.refused]
    if failure and not foretold:
        yield f"it failed, which the plan did not say: {failure}"
    if not failure and certain:
        yield f"it did not fail, although the plan said so of {', '.join(each.change.id for each in certain)}"
    if not failure:
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


def _unnamed_orphans(judged: Mapping[tuple[str, str], Judged], events: list[Event]) -> Iterator[str]:
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
