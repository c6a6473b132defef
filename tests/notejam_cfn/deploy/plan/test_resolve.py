"""Templates are compared by what they mean, not by how they are written."""

from __future__ import annotations

from typing import Any

import pytest

from notejam_cfn.deploy.plan.resolve import output_values, resources

DOCUMENT: dict[str, Any] = {
    "Parameters": {"Size": {"Type": "Number", "Default": 2}, "Zones": {"Type": "CommaDelimitedList", "Default": "a,b"}},
    "Conditions": {
        "Large": {"Fn::Equals": [{"Ref": "Size"}, "3"]},
        "Small": {"Fn::Not": [{"Condition": "Large"}]},
        "Both": {"Fn::And": [{"Condition": "Large"}, {"Condition": "Small"}]},
        "Either": {"Fn::Or": [{"Condition": "Large"}, {"Condition": "Small"}]},
    },
    "Resources": {},
}


def resolved(value: Any, outputs: Any = None, **values: str) -> Any:
    document = DOCUMENT | {"Resources": {"One": {"Type": "T", "Properties": {"Value": value}}}}
    return resources(document, values, outputs or {})["One"].properties.get("Value", "absent")


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ({"Ref": "Size"}, "2"),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Fn::Sub": "x-${Size}-${Vpc.Id}"}, {"Fn::Join": ["", ["x-2-", {"Fn::GetAtt": ["Vpc", "Id"]}]]}),
        (
            {"Fn::Join": ["-", ["x", {"Ref": "Size"}, {"Ref": "Vpc"}]]},
            {"Fn::Join": ["", ["x-2-", {"Ref": "Vpc"}]]},
        ),
        ({"Fn::Sub": ["${Own}!", {"Own": {"Ref": "Size"}}]}, "2!"),
        ({"Fn::Select": [1, {"Ref": "Zones"}]}, "b"),
        ({"Fn::Split": ["-", "a-b"]}, ["a", "b"]),
        ({"Fn::If": ["Large", "big", {"Ref": "AWS::NoValue"}]}, "absent"),
        (True, "true"),
        (8080, "8080"),
    ],
)
def test_a_function_is_worked_out_as_far_as_it_can_be(value: Any, means: Any) -> None:
    assert resolved(value) == means


def test_parameters_decide_which_resources_there_are() -> None:
    kept = {name: {"Type": "T", "Condition": name} for name in ("Large", "Small", "Both", "Either")}
    assert list(resources(DOCUMENT | {"Resources": kept}, {}, {})) == ["Small", "Either"]
    assert list(resources(DOCUMENT | {"Resources": kept}, {"Size": "3"}, {})) == ["Large", "Either"]


def test_an_output_of_another_stack_is_its_value_until_it_changes() -> None:
    read = {"Fn::GetStackOutput": {"StackName": "net", "OutputName": "VpcId"}}
    assert resolved(read, {("net", "VpcId"): "vpc-1"}) == "vpc-1"
    assert resolved(read, {("net", "VpcId"): None}) == {"Output": ["net", "VpcId"]}


def test_an_output_without_its_condition_is_none() -> None:
    document = DOCUMENT | {"Outputs": {"A": {"Value": "1", "Condition": "Large"}, "B": {"Value": {"Ref": "Size"}}}}
    assert output_values(document, {}, {}) == {"B": "2"}
