"""Brings a stage up: looks, shows what will change, asks, does it in order, makes sure, and says how it went."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ..aws.client import Aws, Creation
from ..aws.models import Event, StackState
from ..exit_codes import AwsTrouble, Exit, NeedsRecovery, Refused
from ..manifest import StackSpec
from ..service import tasks
from ..ui import estimates
from ..ui.progress import Progress, counted
from ..ui.signals import Control
from . import parameters, prefix_lists, protection, review, template_upload, templates
from .executor import Prompter, execute
from .operations import Note, Operation, OperationResult, began_by, new_token, user
from .outcomes import Outcome, Result
from .review import Kind, Review, Reviewer
from .root_cause import first_cause
from .scheduler import Emit, Message
from .statuses import Step, status
from .templates import Template

# CloudFormation's words for a change set that another operation has made void.
VOID = frozenset({"ChangeSetNotFound", "InvalidChangeSetStatus"})


@dataclasses.dataclass(frozen=True)
class Options:
    """What the person asked for beyond the stage."""

    yes: bool = False
    dry_run: bool = False
    wait: bool = False
    allow_replace: frozenset[str] = frozenset()
    parameters: tuple[str, ...] = ()


class Deployment:
    """One run of deploy.py over some stacks."""

    def __init__(
        self, aws: Aws, stacks: Sequence[StackSpec], options: Options, progress: Progress, prompter: Prompter
    ) -> None:
        self.aws = aws
        self.stacks = {stack.name: stack for stack in stacks}
        self.options = options
        self.progress = progress
        self.prompter = prompter
        self.control = Control()
        self.reviewer = Reviewer(aws, progress.templates, parameters.parse(options.parameters, stacks))
        self.states: dict[str, StackState | None] = {}
        self.reviews: dict[str, Review] = {}
        self.results: dict[str, Result] = {}

    def run(self) -> dict[str, Result]:
        """Do all of it. Returns a result for each stack; raises when nothing was begun."""
        asked = prefix_lists.with_prefix_lists(
            self.aws, list(self.stacks.values()), self.reviewer.given, self.progress.write
        )
        self.stacks = {stack.name: stack for stack in asked}
        self.states = self._look()
        self._wait_for_others()
        try:
            self._review()
            self._show()
            self._refuse_danger()
            if self.options.dry_run or not self._something_to_do():
                return self._untouched_results()
            self._confirm()
        except BaseException:
            self._forget_change_sets()
            raise
        finally:
            if self.options.dry_run:
                self._forget_change_sets()
        return self._execute()

    def _look(self) -> dict[str, StackState | None]:
        """Return the state of every stack, and of those outside that they read: one call each, at the same time."""
        regions = {name: stack.region for name, stack in self.stacks.items()}
        for stack in self.stacks.values():
            for read, region in self.reviewer.templates[stack.name].read_regions.items():
                regions.setdefault(read, region or stack.region)
        with ThreadPoolExecutor(max_workers=8) as pool:
            states = pool.map(lambda item: self.aws.stack(item[1], item[0]), regions.items())
            return dict(zip(regions, states, strict=True))

    def _wait_for_others(self) -> None:
        """Wait for an operation that is under way: one's own from before, or anyone's when asked to. Else refuse."""
        for name, stack in self.stacks.items():
            state = self.states[name]
            if state and status(state.status).step is Step.WAIT:
                last = self.aws.last_event(stack.region, name)
                if not self.options.wait and not _own(last):
                    raise review.busy(stack, state, self.aws)
                self.progress.line(name, f"{status(state.status).meaning}; waiting for the end")
                self.states[name] = self._follow_other(stack, state, last)

    def _follow_other(self, stack: StackSpec, state: StackState, last: Event | None) -> StackState | None:
        after = last.id if last else None
        operation = Operation(self.aws, stack.region, state.id, "", after, self.control)
        operation.follow(lambda content: self.progress.hear(Message(stack.name, content)))
        return self.aws.stack(stack.region, stack.name)

    def _review(self) -> None:
        """Review every stack at the same time. What was reviewed is known also when one fails or the person stops."""
        outputs = self._outputs()
        jobs: dict[str, Future[Review]] = {}
        try:
            with ThreadPoolExecutor(max_workers=8) as pool:
                for name, stack in self.stacks.items():
                    jobs[name] = pool.submit(self.reviewer.review, stack, self.states[name], outputs)
        finally:
            done, _ = wait(jobs.values())
            self.reviews = {name: job.result() for name, job in jobs.items() if job in done and not job.exception()}
        for job in jobs.values():
            job.result()

    def _outputs(self) -> dict[str, Mapping[str, str]]:
        return {name: state.outputs for name, state in self.states.items() if state}

    def _show(self) -> None:
        for line in review.table(list(self.reviews.values())):
            self.progress.write(line)
        self.progress.write()

    def _refuse_danger(self) -> None:
        for each in self.reviews.values():
            protection.require_allowed(each.stack.name, each.dangerous, self.options.allow_replace)
            if each.cleared and self.options.yes:
                raise Refused(
                    f"{each.stack.name} still holds {counted(len(each.cleared), 'resource')} to be deleted first",
                    "Look at them above, then run the command without --yes",
                )

    def _something_to_do(self) -> bool:
        return any(each.kind is not Kind.UNCHANGED or each.unguarded for each in self.reviews.values())

    def _untouched_results(self) -> dict[str, Result]:
        fates = {True: Outcome.UNCHANGED, False: Outcome.REVIEWED}
        return {
            name: Result(self.stacks[name], fates[each.kind is Kind.UNCHANGED], Exit.DONE, each.state)
            for name, each in self.reviews.items()
        }

    def _confirm(self) -> None:
        changing = [each for each in self.reviews.values() if each.kind is not Kind.UNCHANGED or each.unguarded]
        question = f"Deploy {len(changing)} of {len(self.reviews)} stacks?"
        if not self.options.yes and not self.prompter.confirm(question):
            raise Refused("not deployed: the answer was no")

    def _forget_change_sets(self) -> None:
        for each in self.reviews.values():
            if each.change_set:
                self.aws.delete_change_set(each.stack.region, each.change_set.id)

    def _execute(self) -> dict[str, Result]:
        needs = {name: stack.depends_on for name, stack in self.stacks.items()}
        results = execute(self.stacks, needs, self._deploy, self.progress, self.prompter, self.control)
        self._forget_unexecuted(results)
        return results

    def _forget_unexecuted(self, results: Mapping[str, Result]) -> None:
        """Remove the change sets of stacks that were skipped, which would lie around otherwise."""
        for name, result in results.items():
            change_set = self.reviews[name].change_set
            if result.fate is Outcome.SKIPPED and change_set:
                self.aws.delete_change_set(result.stack.region, change_set.id)

    def _deploy(self, name: str, tell: Emit) -> Result:
        """Deploy one stack, in a thread of its own."""
        return self._deploy_reviewed(self._current_review(self.stacks[name]), tell)

    def _current_review(self, stack: StackSpec) -> Review:
        """Return the review, made anew when a stack that this one reads has changed since."""
        before = self.reviews[stack.name]
        if before.kind is Kind.CREATE or not self._reads_changed(stack):
            return before
        if before.change_set:
            self.aws.delete_change_set(stack.region, before.change_set.id)
        now = self.reviewer.review(stack, self.states[stack.name], self._outputs())
        self.reviews[stack.name] = now
        protection.require_allowed(stack.name, now.dangerous, self.options.allow_replace)
        return now

    def _reads_changed(self, stack: StackSpec) -> bool:
        body = self.reviewer.templates[stack.name].body(self._outputs())
        return body != self.reviews[stack.name].body

    def _deploy_reviewed(self, reviewed: Review, tell: Emit) -> Result:
        stack = reviewed.stack
        if reviewed.kind is Kind.UNCHANGED:
            if reviewed.unguarded and reviewed.state:
                self._protect(stack, reviewed.state, ())
            return Result(stack, Outcome.UNCHANGED, Exit.DONE, reviewed.state)
        token = new_token()
        if reviewed.kind is Kind.CREATE:
            ended = self._create(reviewed, token, tell)
        else:
            ended = self._update(reviewed, token, tell)
        self.states[stack.name] = ended.state
        return self._judge(reviewed, ended)

    def _create(self, reviewed: Review, token: str, tell: Emit) -> OperationResult:
        stack, state = reviewed.stack, reviewed.state
        if reviewed.cleared is not None and state:
            self._clear(stack, state, tell)
        body = self.reviewer.templates[stack.name].body(self._outputs())
        creation = dataclasses.replace(reviewed.creation, body=body)
        tell(Note(f"creating {counted(len(reviewed.changes), 'resource')}, {self._expected(reviewed)}"))
        if template_upload.is_large(body):
            return self._create_in_two(stack, creation, token, tell)
        stack_id = self.aws.create_stack(stack.region, creation, token)
        return self._follow(stack, stack_id, token, None, tell)

    def _create_in_two(self, stack: StackSpec, whole: Creation, token: str, tell: Emit) -> OperationResult:
        """Create the bucket that a large template comes from, then, as an update, all the rest."""
        beginning = template_upload.beginning(self.reviewer.templates[stack.name]).body({})
        first = dataclasses.replace(whole, body=beginning, parameters={})
        stack_id = self.aws.create_stack(stack.region, first, token)
        ended = self._follow(stack, stack_id, token, None, tell)
        if ended.undone or ended.state.status != "CREATE_COMPLETE":
            return ended
        change_set = self.reviewer.change_set(stack, ended.state, whole)
        token = new_token()
        self.aws.execute_change_set(stack.region, change_set, token)
        return self._follow(stack, stack_id, token, ended.events[-1].id, tell)

    def _clear(self, stack: StackSpec, state: StackState, tell: Emit) -> None:
        tell(Note("deleting what is left of a failed creation"))
        last = self.aws.last_event(stack.region, state.id)
        token = new_token()
        if state.protected:
            self.aws.protect(stack.region, state.id, enabled=False)
        protection.lift(self.aws, stack.region, self.aws.resources(stack.region, state.id))
        self.aws.delete_stack(stack.region, state.id, token)
        ended = self._follow(stack, state.id, token, last.id if last else None, tell)
        if ended.state.status != "DELETE_COMPLETE":
            raise NeedsRecovery(f"{stack.name} could not be deleted: {ended.state.reason}")

    def _update(self, reviewed: Review, token: str, tell: Emit) -> OperationResult:
        stack, state = reviewed.stack, reviewed.state
        assert state
        last = self.aws.last_event(stack.region, state.id)
        tell(Note(f"updating {counted(len(reviewed.changes), 'resource')}, {self._expected(reviewed)}"))
        self._protect(stack, state, self.options.allow_replace)
        try:
            self._execute_change_set(reviewed, token)
            return self._follow(stack, state.id, token, last.id if last else None, tell)
        finally:
            if stack.protected and self.options.allow_replace:
                self.aws.set_policy(stack.region, stack.name, protection.policy())

    def _execute_change_set(self, reviewed: Review, token: str) -> None:
        """Execute what was reviewed. If another operation made it void, go on only if a new review says the same."""
        stack = reviewed.stack
        assert reviewed.change_set
        try:
            self.aws.execute_change_set(stack.region, reviewed.change_set, token)
        except AwsTrouble as error:
            if error.code not in VOID:
                raise
            again = self.reviewer.review(stack, self.aws.stack(stack.region, stack.name), self._outputs())
            if again.changes != reviewed.changes or not again.change_set:
                raise Refused(f"{stack.name} was changed by someone else meanwhile", "Run the command again") from error
            self.aws.execute_change_set(stack.region, again.change_set, token)
        except Refused as error:
            raise self._who(stack) or error from error

    def _who(self, stack: StackSpec) -> Refused | None:
        state = self.aws.stack(stack.region, stack.name)
        return review.busy(stack, state, self.aws) if state and state.busy else None

    def _protect(self, stack: StackSpec, state: StackState, allowed: Collection[str]) -> None:
        if not stack.protected:
            return
        self.aws.set_policy(stack.region, stack.name, protection.policy(allowed))
        if not state.protected:
            self.aws.protect(stack.region, stack.name)

    def _follow(self, stack: StackSpec, stack_id: str, token: str, after: str | None, tell: Emit) -> OperationResult:
        return Operation(self.aws, stack.region, stack_id, token, after, self.control).follow(tell)

    def _expected(self, reviewed: Review) -> str:
        names = {change.logical_id for change in reviewed.changes}
        return f"usually {estimates.words(estimates.of_stack(self.reviewer.templates[reviewed.stack.name], names))}"

    def _judge(self, reviewed: Review, ended: OperationResult) -> Result:
        """Say how an operation ended; what succeeded must also run."""
        stack = reviewed.stack
        if ended.undone:
            return Result(stack, Outcome.UNDONE, Exit.INTERRUPTED, ended.state)
        exit_status = status(ended.state.status).ended
        if exit_status is None:
            exit_status = Exit.NEEDS_RECOVERY  # it ended, so a status that means "under way" is one nobody knows
        if exit_status is not Exit.DONE:
            return self._failure(stack, exit_status, ended)
        stale = tasks.unsettled(self.aws, stack.region, stack.name)
        if stale:
            raise NeedsRecovery(stale, "Look at the tasks: python -m notejam_cfn status " + str(stack.stage))
        fate = Outcome.CREATED if reviewed.kind is Kind.CREATE else Outcome.UPDATED
        return Result(stack, fate, Exit.DONE, ended.state)

    def _failure(self, stack: StackSpec, exit_status: Exit, ended: OperationResult) -> Result:
        cause = first_cause(ended.events)
        stopped = tasks.evidence(self.aws, stack.region, cause.event) if cause else ()
        return Result(stack, Outcome.FAILED, exit_status, ended.state, cause, stopped_tasks=stopped)


def read_templates(stacks: Sequence[StackSpec]) -> dict[str, Template]:
    """Read the templates of stacks. Raises BadInput when a file is not the one that was built."""
    return {stack.name: templates.parse(stack.text()) for stack in stacks}


def _own(event: Event | None) -> bool:
    """Whether an operation was begun by this person, in a run that ended before it did."""
    began = began_by(event.token) if event else None
    return bool(began and began[0] == user())
