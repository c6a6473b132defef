"""The price table: every price says where and when it was found, and one that nobody found says whose it is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from notejam_cfn.local.emulated import schemas
from notejam_cfn.reports.cost import REFERENCE_REGION, UnknownPrice, price, read_prices, regions, usages_of
from notejam_cfn.reports.cost.prices import FILE

TABLE = json.loads(FILE.read_text(encoding="utf-8"))
NAMES = set(read_prices(REFERENCE_REGION).prices)


def findings() -> Iterator[dict[str, Any]]:
    yield from TABLE["everywhere"]
    for each in TABLE["regions"].values():
        yield from each


def test_every_price_says_where_and_when_it_was_found() -> None:
    for each in findings():
        assert each["source"] in TABLE["sources"]
        assert re.fullmatch(r"20\d\d(-(0[1-9]|1[0-2]))?|undated", each["date"]), each
        assert each["date"] == "undated" or each["date"] <= TABLE["as_of"]
        assert each["usd"] and all(usd > 0 for usd in each["usd"].values())


def test_every_source_is_one_of_some_price() -> None:
    assert {each["source"] for each in findings()} == set(TABLE["sources"])


@pytest.mark.parametrize("region", regions())
def test_a_region_has_one_price_for_each_name_and_none_that_the_reference_lacks(region: str) -> None:
    found = [name for each in [*TABLE["everywhere"], *TABLE["regions"][region]] for name in each["usd"]]
    assert not [name for name, times in Counter(found).items() if times > 1]
    assert set(found) <= NAMES


@pytest.mark.parametrize("region", regions())
def test_two_thirds_of_the_prices_are_the_regions_own(region: str) -> None:
    assert len(read_prices(region).borrowed(NAMES)) <= len(NAMES) / 3


@pytest.mark.parametrize("region", ["us-west-2", "eu-central-1", "eu-west-1"])
def test_what_most_of_a_bill_is_made_of_has_a_price_of_its_own(region: str) -> None:
    dear = {"load_balancer_hour", "nat_hour", "aurora_unit_hour", "fargate_arm_vcpu_hour", "ipv4_hour", "sent_gb"}
    assert not read_prices(region).borrowed(dear)


@pytest.mark.parametrize("region", regions())
def test_no_price_is_out_of_all_proportion(region: str) -> None:
    here, there = read_prices(region), read_prices(REFERENCE_REGION)
    most = {"between_regions_gb": 7.0}
    assert not {name: here[name] for name in NAMES if not 0.5 < here[name] / there[name] < most.get(name, 2.5)}


def test_every_region_is_one_that_exists() -> None:
    assert len(regions()) >= 12
    assert all(schemas.resource_types(region) for region in regions())


def test_a_price_that_nobody_found_is_the_references_and_says_so() -> None:
    prices = read_prices("eu-central-1")
    borrowed = prices.borrowed(NAMES)
    assert borrowed == [name for name in sorted(NAMES) if prices.prices[name].region == REFERENCE_REGION]
    assert "aurora_unit_hour" not in borrowed
    assert prices[borrowed[0]] == read_prices(REFERENCE_REGION)[borrowed[0]]


def test_a_region_that_is_not_in_the_table_borrows_every_price() -> None:
    prices = read_prices("me-south-1")
    assert prices.borrowed(NAMES) == sorted(NAMES)
    alarm = {"Resources": {"Alarm": {"Type": "AWS::CloudWatch::Alarm"}}}
    bill = price({"template": alarm}, usages_of("economy")[0], prices)
    assert (bill.region, bill.borrowed) == ("me-south-1", ("alarm_month",))


def test_an_unknown_price_is_an_error() -> None:
    with pytest.raises(UnknownPrice, match="moon_hour"):
        read_prices("us-east-1")["moon_hour"]
