"""Stacks that exist and that nothing builds any more, found by their tags: a copy's region that is no longer named, a
stage that was renamed or removed. They live on, and are paid for, until somebody removes them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable
from pathlib import Path

from ...aws import response_parsers
from ...aws.client import Aws
from ...aws.models import StackState
from ...exit_codes import AwsTrouble, BadInput
from ...manifest import StackSpec
from ...stacks.templates import Template
from ..model import LeftStack

PREVIEW = "preview"
"""The tag of a preview's stack: it belongs to a stage, and is made and ended apart from it."""
GONE = "DELETE_COMPLETE"


def find(aws: Aws, regions: Iterable[str], project: str, built: Collection[str]) -> list[LeftStack]:
    """Return the project's stacks in these regions that are not among those that are built, whatever their stage."""
    return [
        LeftStack(
            state.name,
            state.tags.get("stage", ""),
            region,
            state.status,
            len([held.logical_id for held in aws.resources(region, state.id) if held.status != GONE]),
            _monthly_usd(aws, region, state),
        )
        for region in dict.fromkeys(regions)
        for state in _tagged(aws, region, project)
        if state.name not in built and PREVIEW not in state.tags
    ]


@dataclasses.dataclass(frozen=True)
class LeftSpec(StackSpec):
    """A stack that is left, with the template it was deployed from."""

    content: str = ""

    def text(self) -> str:
        """Return the deployed template."""
        return self.content


def specs(aws: Aws, regions: Iterable[str], project: str, built: Collection[str], stage: str) -> tuple[LeftSpec, ...]:
    """Return what is left of a stage, to remove it. Raises BadInput when there is nothing."""
    found = [
        _spec(aws, region, state, stage)
        for region in dict.fromkeys(regions)
        for state in _tagged(aws, region, project)
        if state.name not in built and PREVIEW not in state.tags and state.tags.get("stage") == stage
    ]
    if not found:
        raise BadInput(f"nothing is left of {stage} in {', '.join(dict.fromkeys(regions))}: all that is there is built")
    return tuple(found)


def _spec(aws: Aws, region: str, state: StackState, stage: str) -> LeftSpec:
    template = Template(aws.template(region, state.id))
    return LeftSpec(
        name=state.name,
        stage=stage,
        form="left",
        layer=state.name,
        region=region,
        account=None,
        path=Path(),
        sha256="",
        depends_on=tuple(sorted({name for name, _ in template.reads})),
        defaults={},
        capabilities=(),
        tags={key: state.tags[key] for key in ("project", "stage")},
        protected=state.protected,
        outputs=(),
        content=json.dumps(template.document),
    )


def _tagged(aws: Aws, region: str, project: str) -> list[StackState]:
    try:
        pages = list(aws.pages("cloudformation", region, "describe_stacks"))
    except AwsTrouble:
        return []  # whoever may only look at the stage's own stacks cannot find others
    found = [response_parsers.stack(raw) for page in pages for raw in page["Stacks"]]
    return [state for state in found if state.tags.get("project") == project and state.status != GONE]


def _monthly_usd(aws: Aws, region: str, state: StackState) -> float | None:
    """Return what the stack costs a month while nobody uses it, or None where a price is not known."""
    from ....reports.cost import UnknownPrice, price, read_prices, usages_of

    idle = usages_of("economy")[0]
    try:
        return price({state.name: Template(aws.template(region, state.id)).document}, idle, read_prices(region)).usd
    except (UnknownPrice, AwsTrouble):
        return None
