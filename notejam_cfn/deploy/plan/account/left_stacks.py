"""Stacks that exist and that nothing builds any more, found by their tags: a copy's region that is no longer named, a
stage that was renamed or removed. They live on, and are paid for, until somebody removes them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ...aws.client import Aws
from ...aws.models import StackState
from ...exit_codes import AwsTrouble, BadInput
from ...manifest import DELIVERY, StackSpec
from ...stacks.templates import Template
from ..model import LeftStack

PREVIEW = "preview"
"""The tag of a preview's stack: it belongs to a stage, and is made and ended apart from it."""


def find(aws: Aws, regions: Iterable[str], project: str, built: Collection[str]) -> list[LeftStack]:
    """Return the project's stacks in these regions that are not among those that are built, whatever their stage."""
    return [
        LeftStack(
            state.name,
            state.tags.get("stage", ""),
            region,
            state.status,
            len(aws.resources(region, state.id)),
            _monthly_usd(aws, region, state),
        )
        for region, state in _left(aws, regions, project, built)
    ]


def specs(aws: Aws, regions: Iterable[str], project: str, built: Collection[str], stage: str) -> tuple[StackSpec, ...]:
    """Return what is left of a stage, or of the delivery, to remove it. Raises BadInput when there is nothing."""
    found = [
        _spec(aws, region, state)
        for region, state in _left(aws, regions, project, built)
        if state.tags.get("stage", DELIVERY) == stage
    ]
    if not found:
        raise BadInput(f"nothing is left of {stage} in {', '.join(dict.fromkeys(regions))}: all that is there is built")
    return tuple(found)


def _spec(aws: Aws, region: str, state: StackState) -> StackSpec:
    template = Template(aws.template(region, state.id))
    return StackSpec(
        name=state.name,
        stage=state.tags.get("stage"),
        form="left",
        layer=state.name,
        region=region,
        account=None,
        path=Path(),
        sha256="",
        depends_on=tuple(sorted(template.read_regions(region))),
        defaults={},
        capabilities=(),
        tags={key: value for key, value in state.tags.items() if key in ("project", "stage")},
        protected=state.protected,
        content=json.dumps(template.document),
    )


def _left(aws: Aws, regions: Iterable[str], project: str, built: Collection[str]) -> Iterator[tuple[str, StackState]]:
    for region in dict.fromkeys(regions):
        try:
            there = aws.stacks(region)
        except AwsTrouble:
            continue  # whoever may only look at the stage's own stacks cannot find others
        for state in there:
            if state.tags.get("project") == project and state.name not in built and PREVIEW not in state.tags:
                yield region, state


def _monthly_usd(aws: Aws, region: str, state: StackState) -> float | None:
    """Return what the stack costs a month while nobody uses it, or None where a price is not known."""
    from ....reports.cost import UnknownPrice, price, read_prices, usages_of

    idle = usages_of("economy")[0]
    try:
        return price({state.name: Template(aws.template(region, state.id)).document}, idle, read_prices(region)).usd
    except (UnknownPrice, AwsTrouble):
        return None
