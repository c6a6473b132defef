"""Stacks are connected by published outputs; components cannot tell."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

import pytest
from troposphere import AWSHelperFn, Ref

import notejam_cfn as nj
from notejam_cfn import InvalidInput, Template, Value, Values, described, publish
from notejam_cfn.stacks.stack import PREVIEW


@dataclasses.dataclass(frozen=True)
class Harbour:
    dock_id: Value = described("Dock")
    berth_ids: Values = described("Berth")
    depth: int = 3


def published() -> tuple[dict[str, Any], Harbour]:
    template = Template("harbour", tags={}, architecture="A harbour.")
    seen = publish(template, "p-dev-harbour", Harbour("d-1", ("b-1", "b-2")))
    return template.to_dict()["Outputs"], seen


def test_each_value_becomes_an_output() -> None:
    outputs, _ = published()
    assert {name: output["Value"] for name, output in outputs.items()} == {
        "DockId": "d-1",
        "BerthId1": "b-1",
        "BerthId2": "b-2",
    }


def test_others_see_references_to_the_outputs() -> None:
    _, seen = published()
    assert seen.dock_id.to_dict() == {"Fn::GetStackOutput": {"StackName": "p-dev-harbour", "OutputName": "DockId"}}  # type: ignore[union-attr]
    assert len(seen.berth_ids) == 2


def test_facts_that_python_knows_stay_facts() -> None:
    assert published()[1].depth == 3


def test_a_prefix_tells_a_second_of_a_kind_apart() -> None:
    template = Template("harbour", tags={}, architecture="A harbour.")
    publish(template, "harbour", Harbour("d-1", ()))
    with pytest.raises(InvalidInput, match=r"^DockId is an output of this stack already.*with a prefix"):
        publish(template, "harbour", Harbour("d-2", ()))
    publish(template, "harbour", Harbour("d-2", ()), prefix="North")
    assert list(template.outputs) == ["DockId", "NorthDockId"]


def test_what_is_published_twice_is_one_output() -> None:
    template = Template("harbour", tags={}, architecture="A harbour.")
    assert publish(template, "harbour", Harbour("d-1", ())) == publish(template, "harbour", Harbour("d-1", ()))
    assert list(template.outputs) == ["DockId"]


def test_what_is_not_declared_as_an_output_is_not_published() -> None:
    @dataclasses.dataclass(frozen=True)
    class Pier:
        gate_id: Value

    template = Template("harbour", tags={}, architecture="A harbour.")
    with pytest.raises(InvalidInput, match=r"^Pier.gate_id belongs to its template and is not declared as an output"):
        publish(template, "harbour", Pier(Ref("Gate")))


def test_the_outputs_of_every_component_can_be_published() -> None:
    kinds = [getattr(nj, name) for name in nj.__all__ if dataclasses.is_dataclass(getattr(nj, name))]
    for kind in kinds:
        fields = dataclasses.fields(kind)
        if not any("description" in field.metadata for field in fields):
            continue
        for field in fields:
            hint = typing.get_type_hints(kind)[field.name]
            can_refer = AWSHelperFn in (hint, *typing.get_args(hint)) or hint == Values
            assert not can_refer or "description" in field.metadata, (kind.__name__, field.name)


def stack_outputs_read(value: Any) -> set[tuple[str, str]]:
    if isinstance(value, dict):
        if set(value) == {"Fn::GetStackOutput"}:
            return {(value["Fn::GetStackOutput"]["StackName"], value["Fn::GetStackOutput"]["OutputName"])}
        return set().union(*map(stack_outputs_read, value.values())) if value else set()
    return set().union(*map(stack_outputs_read, value)) if isinstance(value, list) and value else set()


def test_every_import_has_an_output_in_a_stack_deployed_before(starter_stacks: list[Any]) -> None:
    outputs = {(stack.name, name) for stack in starter_stacks for name in stack.template.outputs}
    for stack in starter_stacks:
        read = stack_outputs_read(stack.template.to_dict())
        assert read <= outputs, stack.name
        if stack.form != PREVIEW:  # which is deployed by itself, into a stage that is there
            assert {name for name, _ in read} <= set(stack.depends_on), stack.name


def test_what_a_layer_publishes_is_read_by_another_or_by_people(starter_stacks: list[Any]) -> None:
    layered = [stack for stack in starter_stacks if stack.form == "layered"]
    read = set().union(*(stack_outputs_read(one.template.to_dict()) for one in starter_stacks))
    known = PEOPLE_READ | SCRIPTS_READ | LARGER_SIZES_READ | SERVICES_BESIDE_IT_READ
    for stack in layered:
        for name in stack.template.outputs:
            assert (stack.name, name) in read or {name, name.rstrip("0123456789")} & known, (stack.name, name)


# Who makes a preview pushes an image and takes one of the addresses.
PEOPLE_READ = {"Url", "ImagesUri", "Address"}
# What scripts ask of a running stage: its database, its vault and how to export, restore and copy.
SCRIPTS_READ = {
    "ClusterArn",
    "ClusterId",
    "VaultName",
    "VaultArn",
    "RoleArn",
    "KeyArn",
    "Bucket",
    "ExportArn",
    "DashboardName",
    "TopicArn",
}
# What others in stacks of their own need: to stand behind the same load balancer, and to build on the service.
SERVICES_BESIDE_IT_READ = {
    *("AccessLogBucket", "ListenerArn", "LoadBalancerSecurityGroupId"),
    *("TaskSecurityGroupId", "TaskRoleArn", "ExecutionRoleArn"),
}
# What only restore tests, dashboards and public load balancers read, which the smallest size has none of.
LARGER_SIZES_READ = {
    "DistributionId",
    "PublicSubnetId1",
    "PublicSubnetId2",
    "PublicSubnetId3",
    "ExportLogGroupName",
    "ServiceName",
    "SubnetGroupName",
    "TargetGroupFullName",
}
