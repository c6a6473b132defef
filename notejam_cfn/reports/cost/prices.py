"""The price table of the package: dollars for each unit, by region, with where and when each was found.

The table is a list of findings for each region: a source, a date, and what was found there. What AWS charges alike in
every region of the table stands under `everywhere`. A price that nobody found for a region is the reference region's,
and says so: nothing is guessed.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("prices.json")
REFERENCE_REGION = "us-east-1"


class UnknownPrice(KeyError):
    """The table has no price of this name."""


@dataclasses.dataclass(frozen=True)
class Price:
    """Dollars for a unit in a region, with the key of its source in the table, and the month it was found."""

    usd: float
    region: str
    source: str
    date: str


@dataclasses.dataclass(frozen=True)
class PriceList:
    """List prices for one region."""

    region: str
    as_of: str
    prices: Mapping[str, Price]

    def __getitem__(self, name: str) -> float:
        """Return the dollars for one unit. Raises `UnknownPrice`."""
        if name not in self.prices:
            raise UnknownPrice(f"{name} has no price in {FILE.name}")
        return self.prices[name].usd

    def borrowed(self, names: Iterable[str]) -> list[str]:
        """Return those of the prices that are the reference region's, for want of one of this region's."""
        return sorted({name for name in names if self.prices[name].region != self.region})


@functools.cache
def read_prices(region: str) -> PriceList:
    """Return the prices of a region, each of which is the reference region's where the table has none of the region."""
    table = json.loads(FILE.read_text(encoding="utf-8"))
    prices = dict(_found(table, REFERENCE_REGION)) | dict(_found(table, region))
    return PriceList(region, table["as_of"], prices)


def regions() -> list[str]:
    """Return the regions that the table has prices of."""
    return sorted(json.loads(FILE.read_text(encoding="utf-8"))["regions"])


def _found(table: Mapping[str, Any], region: str) -> Iterator[tuple[str, Price]]:
    """Yield the prices that were found for a region; none for one that is not in the table."""
    if region in table["regions"]:
        for each in [*table["everywhere"], *table["regions"][region]]:
            for name, usd in each["usd"].items():
                yield name, Price(usd, region, each["source"], each["date"])
