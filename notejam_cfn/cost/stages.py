"""The bills of every stage of a project, and of its delivery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from ..settings import Project
from ..stacks.stack import CONSOLE
from .bill import Bill, price
from .loads import loads_of
from .prices import PriceList, read_prices

DELIVERY = "delivery"
DELIVERY_SIZE = "standard"

Stacks = Iterable[tuple[str | None, str, Mapping[str, Any]]]


def bills_of(
    project: Project, stacks: Stacks, region: str | None = None, requests_per_second: float | None = None
) -> dict[str, list[Bill]]:
    """Price stacks, given as stage, path and rendered template, and return each stage's three bills.

    What belongs to no stage is the delivery's. A stage that the project does not know is left out, as is the console's
    template, which is the same stage again. `region` and `requests_per_second` replace the stage's own.
    """
    sizes = {stage.name: stage.size for stage in project.stages} | {DELIVERY: DELIVERY_SIZE}
    return {
        name: [
            price(templates, load, prices_for(project, name, region))
            for load in loads_of(sizes[name], requests_per_second)
        ]
        for name, templates in _by_stage(stacks).items()
        if name in sizes
    }


def prices_for(project: Project, name: str, region: str | None = None) -> PriceList:
    """Return the prices of a stage's region, or of another one."""
    regions = {stage.name: stage.region for stage in project.stages} | {DELIVERY: project.delivery_region}
    return read_prices(region or regions[name])


def _by_stage(stacks: Stacks) -> dict[str, dict[str, Mapping[str, Any]]]:
    grouped: dict[str, dict[str, Mapping[str, Any]]] = {}
    for stage, path, body in stacks:
        if PurePath(path).stem != CONSOLE:
            grouped.setdefault(stage or DELIVERY, {})[path] = body
    return grouped
