"""Facts about the network."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest


@pytest.mark.parametrize("zones", [2, 3])
def test_there_is_a_subnet_of_each_kind_in_each_zone(compose: Any, of_type: Any, zones: int) -> None:
    subnets = of_type(compose(network={"zones": zones, "egress": "nat"})["network"], "AWS::EC2::Subnet")
    assert sorted(subnets) == sorted(
        f"{k}Subnet{z + 1}" for k in ("Public", "Private", "Isolated") for z in range(zones)
    )
    for name, subnet in subnets.items():
        assert subnet["AvailabilityZone"] == {"Fn::Select": [int(name[-1]) - 1, {"Fn::GetAZs": ""}]}


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.9.0.0/20", "192.168.4.0/22"])
def test_subnets_lie_in_the_vpc_and_never_overlap(compose: Any, of_type: Any, cidr: str) -> None:
    subnets = of_type(compose(network={"cidr": cidr, "egress": "nat"})["network"], "AWS::EC2::Subnet").values()
    blocks = [ipaddress.IPv4Network(subnet["CidrBlock"]) for subnet in subnets]
    assert all(block.subnet_of(ipaddress.IPv4Network(cidr)) for block in blocks)
    assert not any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i])


def routes_of(template: dict[str, Any], of_type: Any, kind: str) -> list[dict[str, Any]]:
    tables = {
        association["RouteTableId"]["Ref"]
        for association in of_type(template, "AWS::EC2::SubnetRouteTableAssociation").values()
        if association["SubnetId"]["Ref"].startswith(kind)
    }
    routes = of_type(template, "AWS::EC2::Route").values()
    return [route for route in routes if route["RouteTableId"]["Ref"] in tables]


@pytest.mark.parametrize("egress", ["nat", "nat-per-zone", "endpoints", "ipv6"])
def test_isolated_subnets_have_no_way_out(compose: Any, of_type: Any, egress: str) -> None:
    assert routes_of(compose(network={"egress": egress})["network"], of_type, "Isolated") == []


@pytest.mark.parametrize("egress", ["nat", "nat-per-zone", "endpoints", "ipv6"])
def test_private_subnets_never_lead_to_the_internet_gateway(compose: Any, of_type: Any, egress: str) -> None:
    routes = routes_of(compose(network={"egress": egress})["network"], of_type, "Private")
    assert not any("GatewayId" in route for route in routes)


@pytest.mark.parametrize(("egress", "gateways"), [("nat", 1), ("nat-per-zone", 3), ("endpoints", 0), ("ipv6", 0)])
def test_there_are_as_many_nat_gateways_as_the_egress_says(
    compose: Any, of_type: Any, egress: str, gateways: int
) -> None:
    assert len(of_type(compose(network={"egress": egress})["network"], "AWS::EC2::NatGateway")) == gateways


def test_with_ipv6_private_subnets_have_no_ipv4(compose: Any, of_type: Any) -> None:
    subnets = of_type(compose(network={"egress": "ipv6"})["network"], "AWS::EC2::Subnet")
    for name, subnet in subnets.items():
        assert ("CidrBlock" in subnet) == (not name.startswith("Private"))
        assert subnet.get("Ipv6Native", False) == name.startswith("Private")


def test_with_endpoints_a_task_reaches_what_it_needs_to_start(compose: Any, of_type: Any) -> None:
    endpoints = of_type(compose(network={"egress": "endpoints"})["network"], "AWS::EC2::VPCEndpoint").values()
    services = {endpoint["ServiceName"]["Fn::Sub"].split("${AWS::Region}.")[1] for endpoint in endpoints}
    assert {"ecr.api", "ecr.dkr", "logs", "secretsmanager", "s3", "ecs", "ecs-agent", "ecs-telemetry"} <= services


def test_there_are_endpoints_for_what_is_configured(compose: Any, of_type: Any) -> None:
    def services(**service: Any) -> set[str]:
        template = compose("resilient", network={"egress": "endpoints"}, service=service)["network"]
        endpoints = of_type(template, "AWS::EC2::VPCEndpoint").values()
        return {endpoint["ServiceName"]["Fn::Sub"].split("${AWS::Region}.")[1] for endpoint in endpoints}

    plain = services()
    assert services(exec_access=True) - plain == {"ssmmessages", "kms"}
    assert services(mail_from="notes@example.com") - plain == {"email"}


def test_all_traffic_is_recorded(compose: Any, of_type: Any) -> None:
    (log,) = of_type(compose()["network"], "AWS::EC2::FlowLog").values()
    assert log["TrafficType"] == "ALL"


def test_nothing_wears_the_default_security_group(compose: Any) -> None:
    assert "DefaultSecurityGroup" not in str(compose()["console"])
