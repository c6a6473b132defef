"""Whose a stack is, and who is at it."""

from __future__ import annotations

from ..aws.client import Aws
from ..aws.models import StackState
from ..exit_codes import Refused
from ..manifest import StackSpec
from .execution.operations import began_by
from .execution.statuses import status


def require_ours(stack: StackSpec, state: StackState) -> None:
    """Raise Refused for a stack of the same name that is not marked as this stage's."""
    foreign = {key: state.tags.get(key) for key, value in stack.tags.items() if state.tags.get(key) != value}
    if foreign:
        found = ", ".join(f"{key}={value}" for key, value in foreign.items())
        raise Refused(
            f"{stack.name} exists, but its tags say it is not this stage's ({found})",
            "Rename the project or the stage in notejam.toml, or remove that stack yourself",
        )


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
