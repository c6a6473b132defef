"""Makes a plan: compares what is deployed with output/, across all stacks, before anything is changed."""

from __future__ import annotations

import dataclasses
import graphlib
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..aws.client import KEEP, Aws
from ..aws.models import StackState, outputs_of
from ..exit_codes import CommandError, NeedsRecovery, Refused
from ..manifest import StackSpec
from ..stacks import parameters, template_upload
from ..stacks.execution.statuses import ABSENT, Step, status
from ..stacks.ownership import require_ours
from ..stacks.templates import Template, fingerprint
from . import two_steps
from .account import lookups
from .changes import Key, StackChange, compare
from .effects.verdicts import Judged, judge
from .model import Kind, Plan, StackPlan

States = Mapping[str, StackState | None]
# Set by restores and releases; the file never says them.
NOT_IN_THE_FILE = frozenset({"ClusterGeneration", "ImageUri", "SnapshotIdentifier"})


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
        outputs = outputs_of(states)
        begun = {stack.name: self._begun(stack, states[stack.name], outputs) for stack in stacks}
        deployed = self._deployed(list(begun.values()))
        begun |= {name: self._valued(begun[name], template) for name, template in deployed.items()}
        needs = {stack.name: stack.depends_on for stack in stacks}
        in_order = [name for name in graphlib.TopologicalSorter(needs).static_order() if name in begun]
        sides = [self._sides(begun[name], deployed.get(name), outputs) for name in in_order]
        comparison = compare(sides, now)
        extra = lookups.findings(self.aws, comparison, begun)
        last = two_steps.removed_last(comparison)
        judged = judge(comparison, extra, last)
        finished = {
            name: _finished(plan, deployed.get(name), last, tuple(j for j in judged if j.change.stack == name))
            for name, plan in begun.items()
        }
        updated = [plan for name, plan in finished.items() if name in deployed]
        return dataclasses.replace(base, stacks=finished, notices=tuple(_contradictions(updated)))

    def _begun(self, stack: StackSpec, state: StackState | None, outputs: Mapping[str, Mapping[str, str]]) -> StackPlan:
        """Say what is to be done with a stack, as far as its state and its description tell."""
        template = self.templates[stack.name]
        body = template.body(outputs)
        template_upload.require_bucket(stack, template, body)
        step = status(state.status if state else ABSENT).step
        if state is None or step is Step.CREATE:
            values = parameters.for_new(stack, self.given)
            return StackPlan(stack, Kind.CREATE, template, values, parameters.changes(values, {}))
        require_ours(stack, state)
        if step is Step.CLEAR:
            values = parameters.for_new(stack, self.given)
            told = parameters.changes(values, {})
            made = state.status != "REVIEW_IN_PROGRESS"
            cleared = tuple(self.aws.resources(stack.region, stack.name)) if made else ()
            return StackPlan(stack, Kind.CREATE, template, values, told, state, cleared)
        if step is not Step.UPDATE:
            raise _cannot_change(stack, state, step)
        values = parameters.for_update(stack, self.given, state.parameters, {})
        told = parameters.changes(values, state.parameters)
        same_text = fingerprint(state.description) == fingerprint(json.loads(body)["Description"])
        same = same_text and not told and stack.tags.items() <= state.tags.items()
        return StackPlan(stack, Kind.UNCHANGED if same else Kind.UPDATE, template, values, told, state)

    def _deployed(self, begun: Sequence[StackPlan]) -> dict[str, Template]:
        """Return the templates that are deployed. That of an unchanged stack is the one there is in output/."""
        found = {each.stack.name: each.template for each in begun if each.kind is Kind.UNCHANGED}
        asked = [each.stack for each in begun if each.kind is Kind.UPDATE]
        with ThreadPoolExecutor(max_workers=8) as pool:
            read = pool.map(lambda stack: self.aws.template(stack.region, stack.name), asked)
            return found | {stack.name: Template(document) for stack, document in zip(asked, read, strict=True)}

    def _valued(self, plan: StackPlan, deployed: Template) -> StackPlan:
        """Say which values the stack will have: those that nobody chose follow the defaults that were deployed."""
        assert plan.state
        now = plan.state.parameters
        values = parameters.for_update(plan.stack, self.given, now, parameters.defaults(deployed))
        return dataclasses.replace(plan, values=values, parameters=parameters.changes(values, now))

    def _sides(
        self, plan: StackPlan, deployed: Template | None, outputs: Mapping[str, Mapping[str, str]]
    ) -> StackChange:
        stack, state = plan.stack, plan.state
        if deployed is None or state is None:
            return StackChange(stack.name, stack.layer, plan.template.document, plan.values)
        present = {key: state.parameters[key] for key, value in plan.values.items() if value == KEEP}
        return StackChange(
            name=stack.name,
            layer=stack.layer,
            new=plan.template.document,
            new_values={**plan.values, **present},
            old=deployed.document,
            old_values=state.parameters,
            stale=frozenset() if plan.kind is Kind.UNCHANGED else deployed.stale(outputs),
        )


def _finished(
    plan: StackPlan, deployed: Template | None, last: frozenset[Key], judged: tuple[Judged, ...]
) -> StackPlan:
    if deployed is None or plan.state is None:
        return dataclasses.replace(plan, changes=judged)
    kept = {name for stack, name in last if stack == plan.stack.name}
    # CloudFormation finds something to update in outputs and tags as well, although no resource changes.
    before, after = (each.document.get("Outputs", {}) for each in (deployed, plan.template))
    more = before != after or not plan.stack.tags.items() <= plan.state.tags.items()
    kind = Kind.UPDATE if judged or more else Kind.UNCHANGED
    first = two_steps.first_step(deployed, plan.template, kept) if kept else None
    return dataclasses.replace(plan, kind=kind, first=first, changes=judged)


def _cannot_change(stack: StackSpec, state: StackState, step: Step) -> CommandError:
    told, stage = f"{stack.name} {status(state.status).meaning}", stack.stage or stack.layer
    if step is Step.RECOVER:
        return NeedsRecovery(f"{told} ({state.status})", f"Run: python -m notejam_cfn recover {stage}")
    if step is Step.DESTROY:
        remove = f"python -m notejam_cfn destroy {stage} --only {stack.layer}"
        return NeedsRecovery(f"{told} ({state.status})", f"See what is left of it and remove it: {remove}")
    return Refused(told)


def _contradictions(plans: Iterable[StackPlan]) -> list[str]:
    """Say which parameters of deployed stacks stay what a person has set although the file says something else."""
    told: list[str] = []
    for plan in plans:
        changing = {change.name for change in plan.parameters}
        for name, default in plan.stack.defaults.items():
            value = plan.state.parameters.get(name) if plan.state else None
            if value is None or default is None or name in NOT_IN_THE_FILE or name in changing:
                continue
            if value != default and plan.stack.values.get(name) != value:
                told.append(
                    f"{name} stays {value or '(empty)'}, which a person set; the file says {default or '(empty)'}: "
                    f"--parameter {name}={default} follows it"
                )
    return list(dict.fromkeys(told))
