"""The order of resources that no reference shows is written down when a template is rendered."""

from __future__ import annotations

from typing import Any

import pytest

from notejam_cfn.core.composition.ordering import add_dependencies, hidden
from notejam_cfn.core.references import needs

Templates = dict[str, dict[str, Any]]


def before(resources: dict[str, Any], name: str) -> set[str]:
    """Everything that comes before a resource."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        new = {one for one in needs(resources[waiting.pop()]) if one in resources} - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("size", ["economy", "standard", "resilient"])
@pytest.mark.parametrize("egress", ["nat", "nat-per-zone", "endpoints", "ipv6"])
def test_nothing_is_left_to_chance_in_either_form(compose: Any, size: str, egress: str) -> None:
    for layer, template in compose(size, network={"egress": egress}).items():
        resources = template["Resources"]
        for name, earlier in hidden(resources):
            assert earlier in before(resources, name) or name in before(resources, earlier), (layer, name, earlier)
            assert name not in before(resources, name), (layer, name)


def test_public_addresses_wait_for_the_gateway(compose: Any) -> None:
    console = compose("resilient")["console"]["Resources"]
    for name in ("VpcOrigin", "NatGateway1", "NatAddress2", "PublicRoute"):
        assert "InternetGatewayAttachment" in before(console, name), name
    public = compose("resilient", cdn={"enabled": False})["console"]["Resources"]
    assert "InternetGatewayAttachment" in before(public, "LoadBalancer")


def test_tasks_start_when_their_way_out_is_there(compose: Any) -> None:
    service = before(compose("economy")["console"]["Resources"], "WebService")
    assert {
        "PrivateRouteIpv6",
        "PrivateIpv6Subnet1Routes",
        "WebCallsIpv6",
        "DatabaseAccessEgress",
        "S3Endpoint",
    } <= service


def test_one_nat_gateway_is_the_first_of_several(compose: Any) -> None:
    """So that nothing of the first zone changes when the others get gateways of their own."""
    one = compose("standard")["network"]["Resources"]
    several = compose("standard", network={"egress": "nat-per-zone"})["network"]["Resources"]
    assert set(one) < set(several)
    moved = {name for name in one if one[name] != several[name]}
    assert moved == {"PrivateSubnet2Routes", "PrivateSubnet3Routes", "S3Endpoint"}


def test_what_follows_from_references_is_not_repeated() -> None:
    resources: dict[str, Any] = {
        "Table": {"Type": "AWS::EC2::RouteTable"},
        "Route": {"Type": "AWS::EC2::Route", "Properties": {"RouteTableId": {"Ref": "Table"}}},
        "Subnet": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "DependsOn": "Other",
            "Properties": {"RouteTableId": {"Ref": "Table"}},
        },
        "Other": {"Type": "AWS::SNS::Topic"},
    }
    add_dependencies(resources, {name: needs(body) for name, body in resources.items()})
    add_dependencies(resources, {name: needs(body) for name, body in resources.items()})
    assert resources["Subnet"]["DependsOn"] == ["Other", "Route"]
    assert "DependsOn" not in resources["Route"]


def test_no_order_makes_a_circle() -> None:
    """A role's policy may name what takes the role; then the policy has to come later."""
    resources: dict[str, Any] = {
        "Role": {"Type": "AWS::IAM::Role"},
        "Policy": {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {"RoleName": {"Ref": "Role"}, "PolicyDocument": {"Resource": {"Fn::GetAtt": ["Log", "Arn"]}}},
        },
        "Log": {"Type": "AWS::EC2::FlowLog", "Properties": {"DeliverLogsPermissionArn": {"Ref": "Role"}}},
    }
    add_dependencies(resources, {name: needs(body) for name, body in resources.items()})
    assert "DependsOn" not in resources["Log"]
