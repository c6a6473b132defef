"""How large a template is, and what several cost together, for whoever composes them: without a file or a stage."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..core.composition.partition import REQUEST_BYTES, Part, parts_of, size_of, way_out
from ..core.inputs import InvalidInput, shown
from ..core.template import Template
from .cost import Bill, price, read_prices, regions, usages_of
from .cost.usage import TYPICAL_SIZE


@dataclasses.dataclass(frozen=True)
class Size:
    """A template's bytes as JSON without white space, and the stacks that it could become."""

    bytes: int
    parts: Sequence[Part]

    @property
    def fits(self) -> bool:
        """Whether CloudFormation takes the template in a request, without a bucket."""
        return self.bytes <= REQUEST_BYTES

    def __str__(self) -> str:
        said = f"{self.bytes:,} of {REQUEST_BYTES:,} bytes"
        return said if self.fits else f"{said}: {way_out(self.parts)}"


def size(template: Template) -> Size:
    """Return how large a template is. Raises `InvalidInput` when it cannot be rendered."""
    body = template.to_dict()
    return Size(size_of(body), tuple(parts_of(body)))


def cost(templates: Template | Sequence[Template], region: str, requests_per_second: float = 5) -> tuple[Bill, ...]:
    """Return what templates cost a month together: idle, under a typical load, and under four times that.

    A typical load has so many requests a second in business hours, and none outside them. Prices are list prices in US
    dollars; see `Bill.unpriced` for types without one. Raises `InvalidInput` for a region without prices.
    """
    if region not in regions():
        raise InvalidInput("region", f"must be one with a list of prices, such as eu-central-1, got {shown(region)}")
    together = [templates] if isinstance(templates, Template) else templates
    bodies = {f"{number} {one.description}": one.to_dict() for number, one in enumerate(together, start=1)}
    return tuple(price(bodies, load, read_prices(region)) for load in usages_of(TYPICAL_SIZE, requests_per_second))
