"""The bills of every stage of a project, and of its delivery."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from ...config.settings import Project
from ...stacks.stack import CONSOLE, PREVIEW
from .bill import Bill, price
from .prices import read_prices
from .usage import TYPICAL_SIZE, usages_of

DELIVERY = "delivery"
# Follows a stage's name where a bill is of one preview of it.
A_PREVIEW = " preview"

Stacks = Iterable[tuple[str | None, str, Mapping[str, Any]]]
Bills = dict[str, list[Bill]]


@dataclasses.dataclass(frozen=True)
class Site:
    """Where a stage is, and the size that its typical load goes by."""

    region: str
    size: str


def sites_of(project: Project) -> dict[str, Site]:
    """Return where the stages of a project are, and its delivery, which belongs to none."""
    stages = {stage.name: Site(stage.region, stage.size) for stage in project.stages}
    return stages | {DELIVERY: Site(project.delivery_region, TYPICAL_SIZE)}


def sites_built(manifest: Mapping[str, Any]) -> dict[str, Site]:
    """Return the same of what was built, from its manifest."""
    stages = {name: Site(each["region"], each["size"]) for name, each in manifest["stages"].items()}
    for stack in manifest["stacks"]:
        if stack["layer"] == DELIVERY:
            stages[DELIVERY] = Site(stack["region"], TYPICAL_SIZE)
    return stages


def bills_of(
    sites: Mapping[str, Site], stacks: Stacks, region: str | None = None, requests_per_second: float | None = None
) -> Bills:
    """Price stacks, given as stage, path and rendered template, and return each stage's three bills.

    What belongs to no stage is the delivery's. A stage without a site is left out, as is the console's template, which
    is the same stage again. One preview of a stage is priced beside it, as `STAGE preview`. `region` and
    `requests_per_second` replace the stage's own.
    """
    grouped: dict[str, dict[str, Mapping[str, Any]]] = {}
    for whose, path, body in stacks:
        stem = PurePath(path).stem
        if stem != CONSOLE:
            name = (whose or DELIVERY) + (A_PREVIEW if stem == PREVIEW else "")
            grouped.setdefault(name, {})[path] = body
    bills = {}
    for name, templates in grouped.items():
        stage = name.removesuffix(A_PREVIEW)
        if site := sites.get(stage):
            prices = read_prices(region or site.region)
            around = grouped.get(stage, {}).values() if stage != name else ()
            loads = usages_of(site.size, requests_per_second)
            bills[name] = [price(templates, load, prices, around) for load in loads]
    return bills
