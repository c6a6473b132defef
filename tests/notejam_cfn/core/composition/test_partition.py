"""A template that is too large says which stacks it could become."""

from __future__ import annotations

from typing import Any

from notejam_cfn.core.composition.partition import parts_of, size_of, way_out


def tagged(component: str, why: str = "", **properties: Any) -> dict[str, Any]:
    tags = [{"Key": "component", "Value": component}]
    return {"Type": "AWS::SNS::Topic", "Metadata": {"why": why}, "Properties": {"Tags": tags, **properties}}


BODY = {
    "Resources": {
        "Service": tagged("service", "x" * 20_000, TopicName={"Ref": "Vpc"}),
        "Vpc": tagged("network", "x" * 20_000),
        "Rule": {"Type": "AWS::EC2::Route", "Properties": {"RouteTableId": {"Ref": "Vpc"}}},
        "Alarm": tagged("monitoring", "x" * 20_000, TopicName={"Ref": "Service"}),
    }
}


def test_components_come_after_those_they_need_and_fill_a_stack_before_the_next() -> None:
    parts = parts_of(BODY)
    assert [part.components for part in parts] == [("network", "service"), ("monitoring",)]
    assert sum(part.bytes for part in parts) < size_of(BODY) + 10
    assert way_out(parts).startswith("it could become 2 stacks, network + service (40,")


def test_a_resource_without_tags_goes_with_what_it_refers_to() -> None:
    without = {"Resources": {name: body for name, body in BODY["Resources"].items() if name != "Rule"}}
    grown = parts_of(BODY, limit=30_000)[0].bytes - parts_of(without, limit=30_000)[0].bytes
    assert grown == size_of({"Rule": BODY["Resources"]["Rule"]})


def test_components_that_need_each_other_stay_together() -> None:
    body = {
        "Resources": {"A": tagged("a", "x" * 50_000, TopicName={"Ref": "B"}), "B": tagged("b", TopicName={"Ref": "A"})}
    }
    assert [part.components for part in parts_of(body)] == [("a", "b")]
    assert "hold it together" in way_out(parts_of(body))
