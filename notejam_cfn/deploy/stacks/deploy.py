"""Brings a stage up: looks, plans, shows the plan, asks, carries it out in order, makes sure, and says how it went."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ..aws.client import ChangeSetFailed, Creation
from ..aws.models import SERVICE, ChangeSet, StackState, outputs_of
from ..exit_codes import AwsTrouble, Exit, NeedsRecovery, Refused
from ..manifest import StackSpec
from ..plan import document, wording
from ..plan.account import left_stacks, service_linked_roles
from ..plan.changes import Action
from ..plan.model import Kind, Plan, StackPlan
from ..plan.planner import Planner
from ..service import tasks
from ..ui import estimates
from ..ui.progress import counted
from . import parameters, prefix_lists, protection, template_upload
from .execution.operations import OperationResult, began_by, new_token, user
from .execution.outcomes import Outcome, Result
from .execution.root_cause import first_cause
from .execution.scheduler import Emit, Message
from .execution.statuses import status
from .ownership import busy
from .stack_run import Session, StackRun
from .templates import Template

# CloudFormation's words for a change set that another operation has made void.
VOID = frozenset({"ChangeSetNotFound", "InvalidChangeSetStatus"})
# Added to a stack's name for its second step, in which goes what other stacks used until then.
LAST = " (last)"


@dataclasses.dataclass(frozen=True)
class Options:
    """What the person asked for beyond the stage. `allow` names refused changes as LAYER.ID.

    `plan` is a file to write the plan to, in place of carrying it out; `approved` is the content of such a file.
    `built` names every stack of the project; others that carry its tags are shown as left.
    """

    yes: bool = False
    dry_run: bool = False
    wait: bool = False
    allow: frozenset[str] = frozenset()
    parameters: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    built: frozenset[str] = frozenset()
    plan: Path | None = None
    approved: Mapping[str, Any] | None = None


class Deployment(StackRun[Options]):
    """One run of `deploy` over some stacks."""

    def __init__(self, session: Session, options: Options) -> None:
        super().__init__(session, options)
        self.given = parameters.parse(options.parameters, session.stacks)
        parameters.require_allowed(self.given, session.stacks, session.progress.templates)
        self.planner = Planner(session.aws, session.progress.templates, self.given)
        self.states: dict[str, StackState | None] = {}
        self.plan: Plan | None = None

    def run(self) -> dict[str, Result]:
        """Do all of it. Returns a result for each stack; raises when nothing was begun."""
        asked = prefix_lists.with_prefix_lists(self.aws, list(self.stacks.values()), self.given, self.progress.write)
        self.stacks = {stack.name: stack for stack in asked}
        states = self._look()
        self.states = states | {name: self._once_free(stack, states[name]) for name, stack in self.stacks.items()}
        plan = self.plan = self._plan()
        for line in wording.lines(plan):
            self.progress.write(line, wording.style(line))
        self.progress.write()
        if self.options.plan:
            document.write(self.options.plan, plan)
        plan.require_allowed()
        self._refuse_leftovers(plan)
        if self.options.approved:
            document.require_same(self.options.approved, plan)
        if self.options.dry_run or self.options.plan or plan.empty:
            fates = {True: Outcome.UNCHANGED, False: Outcome.REVIEWED}
            return {n: Result(each.stack, fates[each.idle], Exit.DONE, each.state) for n, each in plan.stacks.items()}
        if not self.options.yes and not self.options.approved:
            changing = sum(not each.idle for each in plan.stacks.values())
            self.prompter.require_yes(f"Deploy {changing} of {len(plan.stacks)} stacks?", "not deployed")
        return self._execute(plan)

    def _look(self) -> dict[str, StackState | None]:
        """Return the state of every stack, and of those outside that they read."""
        regions = {name: stack.region for name, stack in self.stacks.items()}
        for stack in self.stacks.values():
            for read, region in self.progress.templates[stack.name].read_regions(stack.region).items():
                regions.setdefault(read, region)
        return self.aws.states(regions)

    def _once_free(self, stack: StackSpec, state: StackState | None) -> StackState | None:
        """Wait for an operation that is under way: one's own from before, or anyone's when asked to. Else refuse."""
        if state is None or not state.busy:
            return state
        last = self.aws.last_event(stack.region, stack.name)
        began = began_by(last.token) if last else None
        own = began and began[0] == user()  # in a run that ended before the operation did
        if not self.options.wait and not own:
            raise busy(stack, state, self.aws)
        self.progress.line(stack.name, f"{status(state.status).meaning}; waiting for the end")
        after = last.id if last else None
        self.follow(stack, state.id, "", after, lambda content: self.progress.hear(Message(stack.name, content)))
        return self.aws.stack(stack.region, stack.name)

    def _plan(self) -> Plan:
        """Compare. Where a whole stage is deployed, look for stacks that nothing builds any more, too."""
        options, stacks = self.options, list(self.stacks.values())
        base = Plan(stacks[0].stage or "delivery", self.session.account, {}, self.given, options.allow, options.only)
        plan = self.planner.plan(stacks, self.states, base)
        if not options.built or options.only or (plan.empty and not options.dry_run):
            return plan
        left = left_stacks.find(self.aws, [s.region for s in stacks], stacks[0].tags["project"], options.built)
        return dataclasses.replace(plan, left=tuple(left))

    def _refuse_leftovers(self, plan: Plan) -> None:
        """Refuse to delete what nobody has looked at: without a person here, and without a plan that was approved."""
        for each in plan.stacks.values():
            if each.cleared and self.options.yes and not self.options.approved:
                raise Refused(
                    f"{each.stack.name} still holds {counted(len(each.cleared), 'resource')} to be deleted first",
                    "Look at them above, then run the command without --yes, or write the plan and execute that",
                )

    def _execute(self, plan: Plan) -> dict[str, Result]:
        added = [each.change.type for each in plan.judged if each.change.action is Action.ADD]
        region = next(iter(self.stacks.values())).region
        service_linked_roles.make_missing(self.aws, region, added, self.progress.write)
        stacks, needs = _in_steps(plan)
        return _whole(self.execute(stacks, needs, lambda name, tell: self._deploy(plan, name, tell)))

    def _deploy(self, plan: Plan, name: str, tell: Emit) -> Result:
        """Do one step of one stack, in a thread of its own."""
        each = plan.stacks[name.removesuffix(LAST)]
        if each.kind is Kind.UNCHANGED:
            if each.state:
                self._guard(each, frozenset())
            return Result(each.stack, Outcome.UNCHANGED, Exit.DONE, each.state)
        if name.endswith(LAST):
            return self._update(each, each.template, tell)
        if each.kind is Kind.CREATE:
            return self._judge(each, self._create(each, tell))
        return self._update(each, each.first or each.template, tell)

    def _create(self, plan: StackPlan, tell: Emit) -> OperationResult:
        stack, state = plan.stack, plan.state
        if plan.cleared is not None and state:
            self._clear(stack, state, tell)
        creation = self._creation(plan, plan.template)
        token = new_token()
        tell(f"creating {counted(len(plan.changes), 'resource')}, {self._expected(plan)}")
        if template_upload.is_large(creation.body):
            return self._create_in_two(plan, creation, token, tell)
        stack_id = self.aws.create_stack(stack.region, creation, token)
        return self.follow(stack, stack_id, token, None, tell)

    def _creation(self, plan: StackPlan, template: Template) -> Creation:
        """Return what CloudFormation is asked for, with the outputs as they are now."""
        stack = plan.stack
        guard = protection.policy() if stack.protected else None
        body = template.body(outputs_of(self.states))
        return Creation(stack.name, body, plan.values, stack.capabilities, stack.tags, stack.protected, guard)

    def _create_in_two(self, plan: StackPlan, whole: Creation, token: str, tell: Emit) -> OperationResult:
        """Create the bucket that a large template comes from, then, as an update, all the rest."""
        stack = plan.stack
        beginning = template_upload.beginning(plan.template).body({})
        first = dataclasses.replace(whole, body=beginning, parameters={})
        stack_id = self.aws.create_stack(stack.region, first, token)
        ended = self.follow(stack, stack_id, token, None, tell)
        if ended.undone or ended.state.status != "CREATE_COMPLETE":
            return ended
        change_set = self._change_set(stack, ended.state, whole)
        token = new_token()
        self.aws.execute_change_set(stack.region, change_set, token)
        return self.follow(stack, stack_id, token, ended.events[-1].id, tell)

    def _clear(self, stack: StackSpec, state: StackState, tell: Emit) -> None:
        tell("deleting what is left of a failed creation")
        if state.protected:
            self.aws.protect(stack.region, state.id, enabled=False)
        protection.lift(self.aws, stack.region, self.aws.resources(stack.region, state.id))
        delete = functools.partial(self.aws.delete_stack, stack.region, state.id)
        ended = self.carry_out(stack, state.id, delete, tell)
        if ended.state.status != "DELETE_COMPLETE":
            raise NeedsRecovery(f"{stack.name} could not be deleted: {ended.state.reason}")

    def _update(self, plan: StackPlan, template: Template, tell: Emit) -> Result:
        stack, state = plan.stack, plan.state
        assert state
        change_set = self._change_set(stack, state, self._creation(plan, template))
        if not change_set.executable:
            self.aws.delete_change_set(stack.region, change_set.id)
            self._guard(plan, frozenset())
            return Result(stack, Outcome.UNCHANGED, Exit.DONE, state)
        self._require_planned(plan, change_set)
        what = counted(len(change_set.changes), "resource") if change_set.changes else "outputs"
        tell(f"updating {what}, {self._expected(plan)}")
        layer = f"{stack.layer}."
        allowed = {name.removeprefix(layer) for name in self.options.allow if name.startswith(layer)}
        self._guard(plan, allowed)
        try:
            begin = functools.partial(self._execute_change_set, plan, template, change_set)
            ended = self.carry_out(stack, state.id, begin, tell)
        finally:
            if stack.protected and allowed:
                self.aws.set_policy(stack.region, stack.name, protection.policy())
        return self._judge(plan, ended)

    def _change_set(self, stack: StackSpec, state: StackState, creation: Creation) -> ChangeSet:
        """Make a change set of a stack that is there. Raises Refused, with what CloudFormation found wrong."""
        asked = template_upload.placed(self.aws, stack.region, creation, state)
        try:
            return self.aws.create_change_set(stack.region, asked, new_token())
        except ChangeSetFailed as error:
            failures = self.aws.validation_failures(stack.region, error.change_set)
            self.aws.delete_change_set(stack.region, error.change_set)
            found = [f"{event.logical_id}: {event.reason}" for event in failures]
            raise Refused(f"{stack.name}: CloudFormation refuses the change: {error}", *found) from error

    def _require_planned(self, plan: StackPlan, change_set: ChangeSet) -> None:
        """Raise Refused when CloudFormation would replace or remove more than was shown; the change set is removed."""
        planned = plan.replaces
        more = [each.logical_id for each in change_set.changes if each.goes and each.logical_id not in planned]
        if more:
            self.aws.delete_change_set(plan.stack.region, change_set.id)
            raise Refused(
                f"{plan.stack.name}: CloudFormation would replace or remove {', '.join(more)} too, which was not shown",
                "Nothing of this stack was changed; please report it with the plan (--plan FILE)",
            )

    def _execute_change_set(self, plan: StackPlan, template: Template, made: ChangeSet, token: str) -> None:
        """Execute what was planned. If another operation made it void, go on only if a new one says the same."""
        stack = plan.stack
        try:
            self.aws.execute_change_set(stack.region, made, token)
        except AwsTrouble as error:
            if error.code not in VOID:
                raise
            state = self.aws.stack(stack.region, stack.name)
            again = self._change_set(stack, state, self._creation(plan, template)) if state else None
            if not again or again.changes != made.changes or not again.executable:
                raise Refused(f"{stack.name} was changed by someone else meanwhile", "Run the command again") from error
            self.aws.execute_change_set(stack.region, again, token)
        except Refused as error:
            state = self.aws.stack(stack.region, stack.name)
            raise (busy(stack, state, self.aws) if state and state.busy else error) from error

    def _guard(self, plan: StackPlan, allowed: Collection[str]) -> None:
        """Protect the stack as its setting says, or no longer; `allowed` may be lost this time."""
        stack, state = plan.stack, plan.state
        assert state
        if stack.protected or plan.protection is False or plan.kind is Kind.UPDATE:
            policy = protection.policy(allowed) if stack.protected else protection.OPEN
            self.aws.set_policy(stack.region, stack.name, policy)
        if plan.protection is not None:
            self.aws.protect(stack.region, stack.name, enabled=plan.protection)

    def _expected(self, plan: StackPlan) -> str:
        names = {each.change.logical_id for each in plan.changes}
        return f"usually {estimates.words(estimates.of_stack(plan.template, names))}"

    def _judge(self, plan: StackPlan, ended: OperationResult) -> Result:
        """Say how an operation ended; what succeeded must also run."""
        stack = plan.stack
        self.states[stack.name] = ended.state
        exit_status = status(ended.state.status).ended
        if ended.undone and exit_status is Exit.FAILED:
            return Result(stack, Outcome.UNDONE, Exit.INTERRUPTED, ended.state)
        if exit_status is None:
            exit_status = Exit.NEEDS_RECOVERY  # it ended, so a status that means "under way" is one nobody knows
        if exit_status is not Exit.DONE:
            cause = first_cause(ended.events)
            stopped = tasks.evidence(self.aws, stack.region, cause.event) if cause else ()
            return Result(stack, Outcome.FAILED, exit_status, ended.state, cause, stopped_tasks=stopped)
        serves = any(one.type == SERVICE for one in plan.template.resources.values())
        stale = tasks.unsettled(self.aws, stack.region, stack.name) if serves else ""
        if stale:
            raise NeedsRecovery(stale, "Look at the tasks: python -m notejam_cfn status " + str(stack.stage))
        fate = Outcome.CREATED if plan.kind is Kind.CREATE else Outcome.UPDATED
        return Result(stack, fate, Exit.DONE, ended.state)


def _in_steps(plan: Plan) -> tuple[dict[str, StackSpec], dict[str, set[str]]]:
    """Return the stacks by step, and which steps each one needs: a last step comes after all that read the stack."""
    stacks = {name: each.stack for name, each in plan.stacks.items()}
    needs = {name: set(stack.depends_on) for name, stack in stacks.items()}
    for name, each in plan.stacks.items():
        if each.first:
            readers = {other for other, stack in stacks.items() if name in stack.depends_on and other != name + LAST}
            stacks[name + LAST] = each.stack
            needs[name + LAST] = {name, *(reader for reader in readers if not reader.endswith(LAST))}
    return stacks, needs


def _whole(results: Mapping[str, Result]) -> dict[str, Result]:
    """Return one result for each stack: that of its last step, with the time of both, unless the first one failed."""
    whole = {name: result for name, result in results.items() if not name.endswith(LAST)}
    for name, last in results.items():
        first = results.get(name.removesuffix(LAST))
        if name.endswith(LAST) and first and first.good:
            whole[first.stack.name] = dataclasses.replace(last, seconds=first.seconds + last.seconds)
    return whole
