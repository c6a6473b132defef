"""The price table of the package: dollars for each unit, by region, with where and when each was found."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("prices.json")
REFERENCE_REGION = "us-east-1"


class UnknownPrice(KeyError):
    """The table has no price of this name."""


@dataclasses.dataclass(frozen=True)
class PriceList:
    """List prices of one region. `region` is where they hold: the reference region where `asked` has none."""

    region: str
    asked: str
    as_of: str
    prices: Mapping[str, Mapping[str, Any]]

    def __getitem__(self, name: str) -> float:
        """Return the dollars for one unit. Raises `UnknownPrice`."""
        if name not in self.prices:
            raise UnknownPrice(f"{name} has no price in {FILE.name}")
        return float(self.prices[name]["usd"])

    @property
    def is_exact(self) -> bool:
        """Whether these are the prices of the region that was asked for."""
        return self.region == self.asked


@functools.cache
def read_prices(region: str) -> PriceList:
    """Return the prices of a region, or the reference region's where the table does not cover it."""
    table = json.loads(FILE.read_text(encoding="utf-8"))
    covered = region if region in table["regions"] else REFERENCE_REGION
    return PriceList(covered, region, table["as_of"], table["regions"][covered])
