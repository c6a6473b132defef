"""Cost: what is charged and what is not, and the bar that an idle stage must stay under."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from notejam_cfn import cli
from notejam_cfn.config import parse
from notejam_cfn.cost import Bill, UnknownPrice, loads_of, price, read_prices
from notejam_cfn.cost.known import Known
from notejam_cfn.cost.pricers import FREE, PRICERS
from notejam_cfn.stacks import stacks_of_stage

IDLE, TYPICAL, FOURFOLD = range(3)


@pytest.fixture(scope="module")
def bills_of() -> Callable[..., list[Bill]]:
    """Price a stage of a size under its three loads: `bills_of("economy")[IDLE]`."""

    def bills(size: str, **overrides: Any) -> list[Bill]:
        table = {"region": "us-east-1", "size": size, **overrides}
        stage = parse({"stages": {"dev": table}}).stages[0]
        layers = {one.path: one.template.to_dict() for one in stacks_of_stage(stage) if one.form == "layered"}
        return [price(layers, load, read_prices("us-east-1")) for load in loads_of(size)]

    return bills


def test_an_idle_development_stage_costs_at_most_30_dollars(bills_of: Callable[..., list[Bill]]) -> None:
    idle = bills_of("economy")[IDLE]
    assert idle.usd <= 30
    assert {"load balancer", "public IPv4 addresses", "keys", "secrets", "alarms"} <= set(idle.by_what())
    assert not {"tasks on Spot", "tasks on demand", "database capacity", "NAT gateways"} & set(idle.by_what())


@pytest.mark.parametrize("size", ["economy", "standard", "resilient"])
def test_a_bill_grows_with_the_load_and_nothing_is_without_a_price(
    size: str, bills_of: Callable[..., list[Bill]]
) -> None:
    bills = bills_of(size)
    assert bills[IDLE].usd < bills[TYPICAL].usd < bills[FOURFOLD].usd
    assert not bills[IDLE].unpriced


def test_production_pays_for_its_zones_whether_used_or_not(bills_of: Callable[..., list[Bill]]) -> None:
    idle = bills_of("resilient")[IDLE].by_what()
    assert idle["NAT gateways"] == pytest.approx(3 * 730 * 0.045)
    assert idle["database capacity"] == pytest.approx(3 * 730 * 0.12)


def test_a_sleeping_service_has_no_tasks_when_nobody_asks(bills_of: Callable[..., list[Bill]]) -> None:
    awake = {"min_tasks": 1, "sleep_after_minutes": 0}
    assert "tasks on Spot" not in bills_of("economy")[IDLE].by_what()
    assert "tasks on Spot" in bills_of("economy", service=awake)[IDLE].by_what()


def test_only_the_cluster_that_exists_is_charged(bills_of: Callable[..., list[Bill]]) -> None:
    secrets = [item for item in bills_of("economy")[IDLE].items if item.charge.what == "secrets"]
    assert sorted(item.logical_id for item in secrets) == ["DatabaseCluster", "SessionSecret"]


def test_every_price_says_where_and_when_it_was_found() -> None:
    prices = read_prices("us-east-1")
    assert prices.is_exact
    assert all(set(each) == {"usd", "source", "date"} for each in prices.prices.values())


def test_a_region_without_prices_is_priced_as_the_reference() -> None:
    prices = read_prices("eu-central-1")
    assert (prices.region, prices.is_exact) == ("us-east-1", False)


def test_an_unknown_price_is_an_error() -> None:
    with pytest.raises(UnknownPrice, match="moon_hour"):
        read_prices("us-east-1")["moon_hour"]


def test_a_type_is_free_or_priced_but_not_both() -> None:
    assert not FREE & set(PRICERS)


def test_a_type_nobody_priced_is_named() -> None:
    template = {"Resources": {"Cache": {"Type": "AWS::ElastiCache::ServerlessCache"}}}
    bill = price({"x": template}, loads_of("economy")[IDLE], read_prices("us-east-1"))
    assert bill.unpriced == ("AWS::ElastiCache::ServerlessCache",)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Fn::Equals": [{"Ref": "Size"}, "2"]}, True),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "2"]}]}, False),
        ({"Fn::Or": [{"Condition": "Never"}, {"Fn::Equals": ["a", "a"]}]}, True),
        ({"Fn::And": [{"Condition": "Never"}, {"Fn::Equals": ["a", "a"]}]}, False),
    ],
)
def test_conditions_are_decided_with_defaults(condition: dict[str, Any], holds: bool) -> None:
    template = {
        "Parameters": {"Size": {"Type": "Number", "Default": "2"}},
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
    }
    assert Known(template).holds(condition) is holds


def test_the_command_prints_three_loads_and_what_it_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cost", "--stage", "dev"]) == 0
    printed = capsys.readouterr().out
    assert "idle" in printed and "4 times" in printed and "left out:" in printed


def test_the_command_answers_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["cost", "--stage", "dev", "--json"]) == 0
    stage = json.loads(capsys.readouterr().out)["stages"]["dev"]
    assert stage["idle"]["usd"] == pytest.approx(sum(stage["idle"]["by"].values()), abs=0.1)
