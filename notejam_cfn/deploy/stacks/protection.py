"""What must not be lost: stack policies, and the protection that a stack lifts before it goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from ..aws.client import Aws
from ..aws.models import HeldResource
from .templates import STATEFUL

_ALLOWED: dict[str, Any] = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
OPEN: dict[str, Any] = {"Statement": [_ALLOWED]}
"""The policy of a stack that is not protected: a policy can be replaced, never removed."""


def policy(allowed: Collection[str] = ()) -> dict[str, Any]:
    """Return the stack policy of a protected stack: stateful resources are neither replaced nor removed by an update.

    `allowed` names resources that are let go this time. The policy holds for everyone, in the console too.
    """
    refused = {
        "Effect": "Deny",
        "Action": ["Update:Replace", "Update:Delete"],
        "Principal": "*",
        "Condition": {"StringEquals": {"ResourceType": sorted(STATEFUL)}},
    }
    besides = (
        {"NotResource": [f"LogicalResourceId/{name}" for name in sorted(allowed)]} if allowed else {"Resource": "*"}
    )
    return {"Statement": [_ALLOWED, refused | besides]}


def lift(aws: Aws, region: str, held: Iterable[HeldResource]) -> None:
    """Take the deletion protection off the databases and load balancers that a stack holds, so that it can go."""
    for resource in held:
        name = resource.physical_id
        if resource.type == "AWS::RDS::DBCluster" and name:
            change = {"DBClusterIdentifier": name, "DeletionProtection": False, "ApplyImmediately": True}
            aws.call("rds", region, "modify_db_cluster", **change)
        if resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer" and name:
            off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
            aws.call("elbv2", region, "modify_load_balancer_attributes", LoadBalancerArn=name, Attributes=off)
