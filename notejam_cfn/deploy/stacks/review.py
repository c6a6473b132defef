"""What a deployment would change, worked out before anything is: stack by stack, from what is there now."""

from __future__ import annotations

import dataclasses
import enum
import json
import textwrap
from collections.abc import Mapping, Sequence

from ..aws.client import Aws, ChangeSetFailed, Creation
from ..aws.models import Change, ChangeSet, HeldResource, StackState
from ..exit_codes import CommandError, NeedsRecovery, Refused
from ..manifest import StackSpec
from . import parameters, protection, template_upload
from .conditions import created
from .operations import began_by, new_token
from .parameters import ParameterChange
from .statuses import ABSENT, Step, status
from .templates import Template, fingerprint

Outputs = Mapping[str, Mapping[str, str]]
WIDTH = 118
# The rows of a failed creation that need nothing cleared: what was made is gone already.
GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


class Kind(enum.Enum):
    """What will be done with a stack."""

    CREATE = "new"
    UPDATE = "update"
    UNCHANGED = "unchanged"


@dataclasses.dataclass(frozen=True)
class Review:
    """What will be done with a stack. `cleared` is what remains of a failed creation and is deleted first."""

    stack: StackSpec
    kind: Kind
    body: str
    values: Mapping[str, str]
    changes: tuple[Change, ...] = ()
    parameters: tuple[ParameterChange, ...] = ()
    state: StackState | None = None
    change_set: ChangeSet | None = None
    cleared: tuple[HeldResource, ...] | None = None

    @property
    def dangerous(self) -> list[Change]:
        """The changes that would lose a stateful resource."""
        return protection.dangerous(self.changes)

    @property
    def unguarded(self) -> bool:
        """Whether the stack is to be protected against deletion, and is not."""
        return self.stack.protected and self.state is not None and not self.state.protected

    @property
    def creation(self) -> Creation:
        """What CloudFormation is asked for."""
        stack = self.stack
        guard = protection.policy() if stack.protected else None
        return Creation(stack.name, self.body, self.values, stack.capabilities, stack.tags, stack.protected, guard)


class Reviewer:
    """Compares a stack of output/ with the one that is there."""

    def __init__(self, aws: Aws, templates: Mapping[str, Template], given: Mapping[str, str]) -> None:
        self.aws = aws
        self.templates = templates
        self.given = given

    def review(self, stack: StackSpec, state: StackState | None, outputs: Outputs) -> Review:
        """Say what is to be done with a stack, given its present state and the outputs of those it depends on.

        Raises Refused or NeedsRecovery when its state allows nothing. An unchanged stack costs no call.
        """
        body = self.templates[stack.name].body(outputs)
        template_upload.require_bucket(stack, self.templates[stack.name], body)
        step = status(state.status if state else ABSENT).step
        if step is Step.CREATE or state is None:
            return self._new(stack, body)
        if step is Step.CLEAR:
            return dataclasses.replace(self._new(stack, body), state=state, cleared=self._leftovers(stack, state))
        if step is not Step.UPDATE:
            raise _cannot_change(stack, state, step)
        return self._update(stack, state, body)

    def _new(self, stack: StackSpec, body: str) -> Review:
        template = self.templates[stack.name]
        values = parameters.for_new(stack, self.given)
        changes = tuple(Change("Add", item.logical_id, item.type) for item in created(template, values))
        return Review(stack, Kind.CREATE, body, values, changes, parameters.changes(values, {}))

    def _update(self, stack: StackSpec, state: StackState, body: str) -> Review:
        require_ours(stack, state)
        values = parameters.for_update(stack, self.given, state.parameters, {})
        if self._same(stack, state, body, values):
            return Review(stack, Kind.UNCHANGED, body, values, state=state)
        defaults = self.aws.parameter_defaults(stack.region, stack.name)
        values = parameters.for_update(stack, self.given, state.parameters, defaults)
        review = Review(stack, Kind.UPDATE, body, values, (), parameters.changes(values, state.parameters), state)
        return self._with_change_set(review)

    def _with_change_set(self, review: Review) -> Review:
        stack, state = review.stack, review.state
        assert state
        made = self.change_set(stack, state, review.creation)
        if made.executable:
            return dataclasses.replace(review, changes=made.changes, change_set=made)
        self.aws.delete_change_set(stack.region, made.id)
        return dataclasses.replace(review, kind=Kind.UNCHANGED)

    def change_set(self, stack: StackSpec, state: StackState, creation: Creation) -> ChangeSet:
        """Make a change set of a stack that is there. Raises Refused, with what CloudFormation found wrong."""
        asked = template_upload.placed(self.aws, stack.region, creation, state)
        try:
            return self.aws.create_change_set(stack.region, asked, new_token())
        except ChangeSetFailed as error:
            raise self._explained(stack, error) from error

    def _explained(self, stack: StackSpec, error: ChangeSetFailed) -> Refused:
        """Say what early validation found wrong with a change set, and remove the change set."""
        failures = self.aws.validation_failures(stack.region, error.change_set)
        self.aws.delete_change_set(stack.region, error.change_set)
        found = [f"{event.logical_id}: {event.reason}" for event in failures]
        return Refused(f"{stack.name}: CloudFormation refuses the change: {error}", *found)

    def _same(self, stack: StackSpec, state: StackState, body: str, values: Mapping[str, str]) -> bool:
        description = json.loads(body)["Description"]
        return (
            fingerprint(state.description) == fingerprint(description)
            and not parameters.changes(values, state.parameters)
            and stack.tags.items() <= state.tags.items()
            and (state.protected or not stack.protected)
        )

    def _leftovers(self, stack: StackSpec, state: StackState) -> tuple[HeldResource, ...]:
        require_ours(stack, state)
        held = self.aws.resources(stack.region, stack.name) if state.status != "REVIEW_IN_PROGRESS" else []
        return tuple(resource for resource in held if resource.status not in GONE)


def require_ours(stack: StackSpec, state: StackState) -> None:
    """Raise Refused for a stack of the same name that is not marked as this stage's."""
    foreign = {key: state.tags.get(key) for key, value in stack.tags.items() if state.tags.get(key) != value}
    if foreign:
        found = ", ".join(f"{key}={value}" for key, value in foreign.items())
        raise Refused(
            f"{stack.name} exists, but its tags say it is not this stage's ({found})",
            "Rename the project or the stage in notejam.toml, or remove that stack yourself",
        )


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


def busy(stack: StackSpec, state: StackState, aws: Aws) -> Refused:
    """Say who is at a stack, since when, and what can be done about it."""
    event = aws.last_event(stack.region, stack.name)
    began = began_by(event.token) if event else None
    by = f"{began[0]} began it on {began[1]}" if began else "another tool began it"
    since = f"; last sign of it {event.time:%H:%M:%S} UTC, {event.logical_id}" if event else ""
    return Refused(
        f"{stack.name} {status(state.status).meaning}: {by}{since}",
        "Ask them, or wait for the end and go on: add --wait",
    )


def _script(name: str, stack: StackSpec) -> str:
    return f"python -m notejam_cfn {name} {stack.stage or stack.layer}"


def table(reviews: Sequence[Review]) -> list[str]:
    """Return the lines that show a person what will change."""
    width = max((len(review.stack.layer) for review in reviews), default=0)
    return [line for review in reviews for line in _lines(review, width)]


def _lines(review: Review, width: int) -> list[str]:
    lines = [f"{review.stack.layer:<{width}}  {_summary(review)}"]
    if review.cleared is not None and review.state:
        lines += _cleared_lines(review)
    lines += _added_lines(review.changes) + [
        _changed_line(change) for change in review.changes if change.action != "Add"
    ]
    if review.kind is Kind.UNCHANGED:
        return lines + [f"    {change.name} matters to nothing there yet" for change in review.parameters]
    return lines + [_parameter_line(change) for change in review.parameters]


def _summary(review: Review) -> str:
    if review.kind is Kind.UNCHANGED:
        return "unchanged, but for its protection, which is set" if review.unguarded else "unchanged"
    counts = {"added": 0, "changed": 0, "replaced": 0, "removed": 0}
    for change in review.changes:
        counts[_effect(change)] += 1
    told = ", ".join(f"{count} {effect}" for effect, count in counts.items() if count)
    return f"{review.kind.value}: {told or 'parameters only'}"


def _effect(change: Change) -> str:
    if change.action == "Modify":
        return "changed" if change.replaced == "no" else "replaced"
    return {"Remove": "removed"}.get(change.action, "added")


def _cleared_lines(review: Review) -> list[str]:
    assert review.state
    lines = [f"    {review.state.name} {status(review.state.status).meaning}; it is deleted first"]
    return lines + [f"    - {held.logical_id} ({held.type}, {held.status})" for held in review.cleared or ()]


def _added_lines(changes: Sequence[Change]) -> list[str]:
    by_type: dict[str, list[str]] = {}
    for change in changes:
        if change.action in ("Add", "Import"):
            by_type.setdefault(change.type, []).append(change.logical_id)
    told = [f"    + {kind.removeprefix('AWS::')}: {', '.join(names)}" for kind, names in sorted(by_type.items())]
    return [line for text in told for line in textwrap.wrap(text, WIDTH, subsequent_indent=" " * 8)]


def _changed_line(change: Change) -> str:
    if change.action == "Remove":
        return f"    - {change.logical_id} ({change.type.removeprefix('AWS::')})"
    properties = ", ".join(change.properties)
    if change.replaced == "no":
        return f"    ~ {change.logical_id}: {properties}"
    certainty = "REPLACED" if change.replaced == "yes" else "REPLACED, maybe"
    return f"    ! {change.logical_id}: {certainty}, because of {properties}"


def _parameter_line(change: ParameterChange) -> str:
    return f"      {change.name}: {change.old or '(empty)'} → {change.new or '(empty)'}"
