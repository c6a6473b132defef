"""What a stage costs a month, priced from its templates.

    price(stage, load) → Bill → Item

Prices are list prices before discounts and the free tier, from a dated table. What a bill leaves out is in it too:
types without a price that are not free, and `LEFT_OUT` for what no template can tell.
"""

from __future__ import annotations

from .bill import LEFT_OUT, Bill, Item, price
from .loads import LOADS, Load, loads_of
from .prices import PriceList, UnknownPrice, read_prices
from .stages import bills_of, prices_for

__all__ = [
    "LEFT_OUT",
    "LOADS",
    "Bill",
    "Item",
    "Load",
    "PriceList",
    "UnknownPrice",
    "bills_of",
    "loads_of",
    "price",
    "prices_for",
    "read_prices",
]
