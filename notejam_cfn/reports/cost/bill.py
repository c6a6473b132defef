"""Turns the templates of a stage into a bill."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from ...core.evaluated import EvaluatedTemplate
from .pricers import FREE, PRICERS, PriceComponent
from .prices import PriceList
from .usage import Stage, Usage

# Dollars a month; less is the rounding of one sum or another.
NOTHING = 0.005
LEFT_OUT = (
    "traffic between zones",
    "requests to KMS, Secrets Manager, S3 and Step Functions",
    "a second and third version of a key, $1.00 each, after its first two yearly rotations",
    "Logs Insights queries",
    "restores, also those that test backups",
    "users of CodeCommit beyond the first five, $1.00 each",
    "that stages of one account share CloudFront's free 10 million requests and 1 TB, here taken off each",
    "domains and taxes",
)


@dataclasses.dataclass(frozen=True)
class Item:
    """One line of a bill, for one resource."""

    template: str
    logical_id: str
    charge: PriceComponent
    unit_usd: float

    @property
    def usd(self) -> float:
        """Dollars a month."""
        return self.charge.quantity * self.unit_usd


@dataclasses.dataclass(frozen=True)
class Bill:
    """What a stage costs a month under one load, at the list prices of a region.

    `unpriced` are types that are not free and have no price here, `borrowed` the prices that are another region's.
    """

    load: Usage
    items: tuple[Item, ...]
    unpriced: tuple[str, ...]
    region: str
    borrowed: tuple[str, ...]

    @property
    def usd(self) -> float:
        """Dollars a month."""
        return sum(item.usd for item in self.items)

    @property
    def prices(self) -> set[str]:
        """The names of the prices that it takes."""
        return {name for item in self.items for name in item.charge.names}

    def by_what(self, of_each_resource: bool = False) -> dict[str, float]:
        """Return the dollars for each kind of charge, or for each of a resource's, the largest first."""
        sums: dict[str, float] = {}
        for item in self.items:
            what = f"{item.charge.what}: {item.logical_id}" if of_each_resource else item.charge.what
            sums[what] = sums.get(what, 0.0) + item.usd
        return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))


def price(
    templates: Mapping[str, Mapping[str, Any]],
    load: Usage,
    prices: PriceList,
    beside: Iterable[Mapping[str, Any]] = (),
) -> Bill:
    """Price the templates of one stage, by path, under a load. Raises `UnknownPrice`.

    `beside` are the templates of what they stand in, as a preview in a stage, which are not charged again.
    """
    known = {path: EvaluatedTemplate(template) for path, template in templates.items()}
    stage = Stage(load, tuple(known.values()), tuple(map(EvaluatedTemplate, beside)))
    items = [
        Item(path, logical_id, charge, math.prod(prices[name] for name in charge.names))
        for path, template in known.items()
        for logical_id, resource in template.resources()
        if (pricer := PRICERS.get(resource["Type"]))
        for charge in pricer(resource.get("Properties", {}), template, stage)
        if charge.quantity
    ]
    taken = {name for item in items for name in item.charge.names}
    types = {resource["Type"] for template in known.values() for _, resource in template.resources()}
    unpriced = sorted(types - PRICERS.keys() - set(FREE))
    return Bill(load, tuple(items), tuple(unpriced), prices.region, tuple(prices.borrowed(taken)))
