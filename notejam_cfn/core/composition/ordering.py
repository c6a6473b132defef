"""Which resource must come before which, where no property refers from one to the other.

CloudFormation makes what refers to nothing of each other at once, and deletes it at once. Where a service needs
an order all the same, it works or fails by chance. `Template` adds the order when it is rendered, so that it holds for
every composition of components; the rules E9518 to E9520 and E9522 of the build judge it independently.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..references import depends_on, reachable, references, references_under

Resources = Mapping[str, dict[str, Any]]
Needs = dict[str, set[str]]

ATTACHMENT = "AWS::EC2::VPCGatewayAttachment"
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
# Source: AWS CloudFormation Template Reference, "DependsOn attribute", on VPC gateway attachments.
NEEDS_GATEWAY = ("AWS::CloudFront::VpcOrigin", "AWS::EC2::EIP", "AWS::EC2::NatGateway", BALANCER)
ROUTE, ASSOCIATION = "AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation"
GROUP_RULES = ("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress")
SERVICE, ENDPOINT = "AWS::ECS::Service", "AWS::EC2::VPCEndpoint"
BUCKET = "AWS::S3::Bucket"
# Where a policy that stands beside its role, or its bucket, names it.
ATTACHED_BY = {
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
    "AWS::S3::BucketPolicy": "Bucket",
}
ROLE_KEYS = ("Role", "RoleArn", "PermissionArn")
DELIVERS_TO_BUCKET = ("AWS::CloudFront::Distribution", "AWS::EC2::FlowLog", BALANCER)


def add_dependencies(resources: Resources, needed: Mapping[str, Collection[str]]) -> None:
    """Add to rendered resources the DependsOn that no reference implies; what already follows is not repeated.

    `needed` are the names that each of them refers to.
    """
    graph: Needs = {name: {one for one in found if one in resources} for name, found in needed.items()}
    for name, earlier in sorted(set(hidden(resources))):
        if name not in reachable(graph, earlier) and earlier not in reachable(graph, name):
            graph[name].add(earlier)
            names = [*depends_on(resources[name]), earlier]
            resources[name]["DependsOn"] = names if len(names) > 1 else names[0]


def hidden(resources: Resources) -> Iterator[tuple[str, str]]:
    """Yield each resource with one that must come before it, whether or not a reference says so already."""
    yield from _after_gateways(resources)
    yield from _after_routes(resources)
    yield from _after_policies(resources)
    yield from _after_ways_out(resources)


def _after_gateways(resources: Resources) -> Iterator[tuple[str, str]]:
    """What has a public address, and a route to an internet gateway, needs the gateway attached."""
    attachments = [name for name in _of_type(resources, ATTACHMENT) if _property(resources[name], "InternetGatewayId")]
    waiting = [
        name for name in _of_type(resources, *NEEDS_GATEWAY) if _property(resources[name], "Scheme") != "internal"
    ]
    waiting += [name for name in _of_type(resources, ROUTE) if _property(resources[name], "GatewayId")]
    yield from ((name, attachment) for name in waiting for attachment in attachments)


def _after_routes(resources: Resources) -> Iterator[tuple[str, str]]:
    """A subnet that is given another route table must find the table's routes there."""
    for name in _of_type(resources, ASSOCIATION):
        table = _property(resources[name], "RouteTableId")
        yield from (
            (name, route)
            for route in _of_type(resources, ROUTE)
            if _property(resources[route], "RouteTableId") == table
        )


def _after_policies(resources: Resources) -> Iterator[tuple[str, str]]:
    """What takes a role, or delivers to a bucket, needs the policies that stand beside them."""
    delivers = {
        name: set(references(resources[name].get("Properties"))) for name in _of_type(resources, *DELIVERS_TO_BUCKET)
    }
    takes = {
        name: references_under(ROLE_KEYS, body.get("Properties"))
        for name, body in resources.items()
        if not body["Type"].startswith("AWS::IAM::")
    }
    for policy, body in resources.items():
        key = ATTACHED_BY.get(body["Type"], "")
        for target in set(references(_property(body, key))) & resources.keys():
            users = delivers if resources[target]["Type"] == BUCKET else takes
            yield from ((name, policy) for name, named in users.items() if target in named)


def _after_ways_out(resources: Resources) -> Iterator[tuple[str, str]]:
    """Tasks pull their image as soon as their service is there: routes, endpoints and group rules come before it."""
    for name in _of_type(resources, SERVICE):
        named = set(references(_property(resources[name], "NetworkConfiguration")))
        for one in _of_type(resources, ASSOCIATION, *GROUP_RULES):
            key = "SubnetId" if resources[one]["Type"] == ASSOCIATION else "GroupId"
            if named & set(references(_property(resources[one], key))):
                yield name, one
        yield from ((name, endpoint) for endpoint in _of_type(resources, ENDPOINT))


def _of_type(resources: Resources, *kinds: str) -> list[str]:
    return [name for name, body in resources.items() if body["Type"] in kinds]


def _property(body: Mapping[str, Any], key: str) -> Any:
    return body.get("Properties", {}).get(key)
