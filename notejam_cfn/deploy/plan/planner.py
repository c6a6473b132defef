"""Makes a plan: compares what is deployed with output/, across all stacks, before anything is changed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..aws.client import KEEP, Aws
from ..aws.models import HeldResource, StackState
from ..exit_codes import CommandError, NeedsRecovery, Refused
from ..manifest import StackSpec
from ..stacks import parameters, template_upload
from ..stacks.execution.statuses import ABSENT, Step, status
from ..stacks.ownership import require_ours
from ..stacks.templates import Template, fingerprint, inputs_digest
from . import two_steps
from .account import lookups, notices
from .changes import Key, StackChange, compare
from .effects.verdicts import Judged, judge
from .model import Kind, Plan, StackPlan

States = Mapping[str, StackState | None]
# The rows of a failed creation that need nothing cleared: what was made is gone already.
GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


class Planner:
    """Compares stacks of output/ with those that are there."""

    def __init__(self, aws: Aws, templates: Mapping[str, Template], given: Mapping[str, str]) -> None:
        self.aws = aws
        self.templates = templates
        self.given = given

    def plan(self, stacks: Sequence[StackSpec], states: States, base: Plan) -> Plan:
        """Return what would be done with the stacks, given their states and those of the ones they read.

        `base` says for whom. Raises Refused or NeedsRecovery when a stack's state allows nothing. Stacks that are as
        they should be cost no call.
        """
        now = {(name, key): value for name, state in states.items() if state for key, value in state.outputs.items()}
        begun = {stack.name: self._begun(stack, states[stack.name], states) for stack in stacks}
        deployed = self._deployed(list(begun.values()))
        sides = [self._sides(begun[name], deployed.get(name), now) for name in _in_order(stacks)]
        comparison = compare(sides, now)
        extra = lookups.findings(self.aws, comparison, begun)
        last = two_steps.removed_last(comparison)
        judged = judge(comparison, extra, last)
        finished = {
            name: self._finished(plan, deployed.get(name), last, [j for j in judged if j.change.stack == name])
            for name, plan in begun.items()
        }
        told = notices.of_parameters(list(finished.values()), deployed)
        return dataclasses.replace(base, stacks=finished, notices=(*base.notices, *told))

    def _begun(self, stack: StackSpec, state: StackState | None, states: States) -> StackPlan:
        """Say what is to be done with a stack, as far as its state and its description tell."""
        template = self.templates[stack.name]
        body = template.body({name: each.outputs for name, each in states.items() if each})
        template_upload.require_bucket(stack, template, body)
        step = status(state.status if state else ABSENT).step
        if state is None or step is Step.CREATE:
            values = parameters.for_new(stack, self.given)
            return StackPlan(stack, Kind.CREATE, template, values, parameters.changes(values, {}))
        require_ours(stack, state)
        if step is Step.CLEAR:
            values = parameters.for_new(stack, self.given)
            told = parameters.changes(values, {})
            cleared = self._leftovers(stack, state)
            return StackPlan(stack, Kind.CREATE, template, values, told, state, cleared)
        if step is not Step.UPDATE:
            raise _cannot_change(stack, state, step)
        values = parameters.for_update(stack, self.given, state.parameters, {})
        same = self._same(stack, state, body, values)
        told = parameters.changes(values, state.parameters)
        return StackPlan(stack, Kind.UNCHANGED if same else Kind.UPDATE, template, values, told, state)

    def _same(self, stack: StackSpec, state: StackState, body: str, values: Mapping[str, str]) -> bool:
        return (
            fingerprint(state.description) == fingerprint(json.loads(body)["Description"])
            and not parameters.changes(values, state.parameters)
            and stack.tags.items() <= state.tags.items()
        )

    def _deployed(self, begun: Sequence[StackPlan]) -> dict[str, Template]:
        """Return the templates that are deployed. That of an unchanged stack is the one there is in output/."""
        found = {each.stack.name: each.template for each in begun if each.kind is Kind.UNCHANGED}
        asked = [each.stack for each in begun if each.kind is Kind.UPDATE]
        with ThreadPoolExecutor(max_workers=8) as pool:
            read = pool.map(lambda stack: self.aws.template(stack.region, stack.name), asked)
            return found | {stack.name: Template(document) for stack, document in zip(asked, read, strict=True)}

    def _sides(self, plan: StackPlan, deployed: Template | None, now: Mapping[Key, str]) -> StackChange:
        stack, state = plan.stack, plan.state
        if deployed is None or state is None:
            return StackChange(stack.name, stack.layer, plan.template.document, plan.values)
        stale = frozenset() if plan.kind is Kind.UNCHANGED else _stale(deployed, now)
        values = self._values(plan, deployed)
        present = {key: state.parameters[key] for key, value in values.items() if value == KEEP}
        return StackChange(
            name=stack.name,
            layer=stack.layer,
            new=plan.template.document,
            new_values=values | present,
            old=deployed.document,
            old_values=state.parameters,
            stale=stale,
        )

    def _values(self, plan: StackPlan, deployed: Template) -> dict[str, str]:
        assert plan.state
        return parameters.for_update(plan.stack, self.given, plan.state.parameters, parameters.defaults(deployed))

    def _finished(
        self, plan: StackPlan, deployed: Template | None, last: frozenset[Key], judged: Sequence[Judged]
    ) -> StackPlan:
        if plan.kind is Kind.CREATE or deployed is None or plan.state is None:
            return dataclasses.replace(plan, changes=tuple(judged))
        values = self._values(plan, deployed)
        told = parameters.changes(values, plan.state.parameters)
        kept = {name for stack, name in last if stack == plan.stack.name}
        kind = Kind.UPDATE if judged or self._says_more(plan, deployed) else Kind.UNCHANGED
        first = two_steps.first_step(deployed, plan.template, kept) if kept else None
        return dataclasses.replace(plan, kind=kind, values=values, parameters=told, first=first, changes=tuple(judged))

    def _says_more(self, plan: StackPlan, deployed: Template) -> bool:
        """Whether CloudFormation would find something to update although no resource changes: outputs, or tags."""
        assert plan.state
        before, after = (each.document.get("Outputs", {}) for each in (deployed, plan.template))
        return before != after or not plan.stack.tags.items() <= plan.state.tags.items()

    def _leftovers(self, stack: StackSpec, state: StackState) -> tuple[HeldResource, ...]:
        held = self.aws.resources(stack.region, stack.name) if state.status != "REVIEW_IN_PROGRESS" else []
        return tuple(resource for resource in held if resource.status not in GONE)


def _cannot_change(stack: StackSpec, state: StackState, step: Step) -> CommandError:
    meaning = status(state.status).meaning
    if step is Step.RECOVER:
        return NeedsRecovery(f"{stack.name} {meaning} ({state.status})", f"Run: {_script('recover', stack)}")
    if step is Step.DESTROY:
        return NeedsRecovery(
            f"{stack.name} {meaning} ({state.status})",
            f"See what is left of it and remove it: {_script('destroy', stack)} --only {stack.layer}",
        )
    return Refused(f"{stack.name} {meaning}")


def _script(name: str, stack: StackSpec) -> str:
    return f"python scripts/{name}.py {stack.stage or stack.layer}"


def _in_order(stacks: Sequence[StackSpec]) -> list[str]:
    """Return the names with each stack after those it depends on."""
    needs = {stack.name: stack.depends_on for stack in stacks}
    done: list[str] = []

    def visit(name: str) -> None:
        if name in needs and name not in done:
            for need in needs[name]:
                visit(need)
            done.append(name)

    for name in needs:
        visit(name)
    return done


def _stale(deployed: Template, now: Mapping[Key, str]) -> frozenset[str]:
    """Return the deployed resources that read outputs whose values have changed since."""
    outputs: dict[str, dict[str, str]] = {}
    for (stack, key), value in now.items():
        outputs.setdefault(stack, {})[key] = value
    return frozenset(
        name
        for name, body in deployed.document["Resources"].items()
        if (digest := body.get("Metadata", {}).get("Inputs")) and digest != inputs_digest(body, outputs)
    )
