"""Refreshing prices: only the first tier of the right usage type counts, and what is unknown stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tools.refresh_prices import completed, prices_of


def product(usage: str, *tiers: tuple[str, str]) -> str:
    dimensions = {f"{n}": {"beginRange": start, "pricePerUnit": {"USD": usd}} for n, (start, usd) in enumerate(tiers)}
    terms = {"OnDemand": {"term": {"priceDimensions": dimensions}}}
    return json.dumps({"product": {"attributes": {"usagetype": usage}}, "terms": terms})


class Client:
    """Answers like boto3's pricing client, with the same products for every service."""

    def __init__(self, *products: str) -> None:
        self._products = products

    def get_paginator(self, operation: str) -> Client:
        assert operation == "get_products"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        yield {"PriceList": list(self._products)}


def test_the_first_tier_of_the_usage_type_is_the_price() -> None:
    client = Client(
        product("EUC1-LoadBalancerUsage", ("0", "0.027"), ("100", "0.02")),
        product("EUC1-TS-LoadBalancerUsage", ("0", "9")),
        product("LCUUsage", ("0", "0.008")),
    )
    found = dict(prices_of(client, "eu-central-1"))
    assert found == {"load_balancer_hour": 0.027, "load_balancer_capacity_hour": 0.008}


def test_requests_are_priced_by_the_million() -> None:
    found = dict(prices_of(Client(product("Aurora:StorageIOUsage", ("0", "0.0000002"))), "us-east-1"))
    assert round(found["aurora_io_million"], 6) == 0.2


def test_a_new_region_starts_from_the_first_ones_prices() -> None:
    table = {"regions": {"us-east-1": {"key_month": {"usd": 1}, "nat_hour": {"usd": 0.045}}}}
    prices = completed(table, "eu-central-1", {"nat_hour": 0.052})
    assert (prices["key_month"]["usd"], prices["nat_hour"]["usd"]) == (1, 0.052)
