"""Stacks that exist and that nothing builds any more, found by their tags: a copy's region that is no longer named, a
stage that was renamed or removed. They live on, and are paid for, until somebody removes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..aws import response_parsers
from ..aws.client import Aws
from ..aws.models import StackState
from ..exit_codes import AwsTrouble
from .model import LeftStack

PREVIEW = "preview"
"""The tag of a preview's stack: it belongs to a stage, and is made and ended apart from it."""
GONE = "DELETE_COMPLETE"


def find(aws: Aws, regions: Iterable[str], project: str, built: Collection[str]) -> list[LeftStack]:
    """Return the project's stacks in these regions that are not among those that are built, whatever their stage."""
    return [
        LeftStack(state.name, state.tags.get("stage", ""), region, state.status, len(_held(aws, region, state)))
        for region in dict.fromkeys(regions)
        for state in _tagged(aws, region, project)
        if state.name not in built and PREVIEW not in state.tags
    ]


def _tagged(aws: Aws, region: str, project: str) -> list[StackState]:
    try:
        pages = list(aws.pages("cloudformation", region, "describe_stacks"))
    except AwsTrouble:
        return []  # whoever may only look at the stage's own stacks cannot find others
    found = [response_parsers.stack(raw) for page in pages for raw in page["Stacks"]]
    return [state for state in found if state.tags.get("project") == project and state.status != GONE]


def _held(aws: Aws, region: str, state: StackState) -> list[str]:
    return [held.logical_id for held in aws.resources(region, state.id) if held.status != GONE]
