"""What a stage costs a month, priced from its templates.

    price(stage, load) → Bill → Item

Prices are list prices before discounts and the free tier, from a dated table. What a bill leaves out is in it too:
types without a price that are not free, and `LEFT_OUT` for what no template can tell.
"""

from __future__ import annotations

from .bill import LEFT_OUT, NOTHING, Bill, Item, price
from .pricers import RUNS_A_MONTH
from .prices import REFERENCE_REGION, PriceList, UnknownPrice, read_prices, regions
from .stages import DELIVERY, Bills, Site, Stacks, bills_of, sites_built, sites_of
from .usage import LOADS, Usage, usages_of

__all__ = [
    "DELIVERY",
    "LEFT_OUT",
    "LOADS",
    "NOTHING",
    "REFERENCE_REGION",
    "RUNS_A_MONTH",
    "Bill",
    "Bills",
    "Item",
    "PriceList",
    "Site",
    "Stacks",
    "UnknownPrice",
    "Usage",
    "bills_of",
    "price",
    "read_prices",
    "regions",
    "sites_built",
    "sites_of",
    "usages_of",
]
