"""What must not be lost: stack policies, and changes that are refused unless they are named."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from ..aws.client import Aws
from ..aws.models import Change, HeldResource
from ..exit_codes import Refused
from .templates import STATEFUL

_ALLOWED: dict[str, Any] = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def policy(allowed: Collection[str] = ()) -> dict[str, Any]:
    """Return the stack policy of a protected stack: stateful resources are neither replaced nor removed by an update.

    `allowed` names resources that are let go this time. The policy holds for everyone, in the console too.
    """
    refused: dict[str, Any] = {
        "Effect": "Deny",
        "Action": ["Update:Replace", "Update:Delete"],
        "Principal": "*",
        "Condition": {"StringEquals": {"ResourceType": sorted(STATEFUL)}},
    }
    if allowed:
        refused["NotResource"] = [f"LogicalResourceId/{name}" for name in sorted(allowed)]
    else:
        refused["Resource"] = "*"
    return {"Statement": [_ALLOWED, refused]}


def lift(aws: Aws, region: str, held: Iterable[HeldResource]) -> None:
    """Take the deletion protection off the databases and load balancers that a stack holds, so that it can go."""
    for resource in held:
        name = resource.physical_id
        if resource.status == "DELETE_COMPLETE" or not name:
            continue
        if resource.type == "AWS::RDS::DBCluster":
            change = {"DBClusterIdentifier": name, "DeletionProtection": False, "ApplyImmediately": True}
            aws.call("rds", region, "modify_db_cluster", **change)
        if resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
            off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
            aws.call("elbv2", region, "modify_load_balancer_attributes", LoadBalancerArn=name, Attributes=off)


def dangerous(changes: Iterable[Change], held_elsewhere: Collection[str] = ()) -> list[Change]:
    """Return the changes that would lose a stateful resource. `held_elsewhere` names those that only look stateful."""
    return [c for c in changes if c.type in STATEFUL and loses(c) and c.logical_id not in held_elsewhere]


def loses(change: Change) -> bool:
    """Whether the resource there is now goes: removed, replaced, or maybe replaced."""
    return change.action == "Remove" or (change.action == "Modify" and change.replaced != "no")


def require_allowed(stack: str, changes: Iterable[Change], allowed: Collection[str]) -> None:
    """Raise Refused when a dangerous change is not named in `allowed`."""
    refused = [change for change in changes if change.logical_id not in allowed]
    if refused:
        names = ", ".join(change.logical_id for change in refused)
        options = " ".join(f"--allow-replace {change.logical_id}" for change in refused)
        raise Refused(
            f"{stack}: {names} would be {_fate(refused[0])}, and with it what people stored",
            "Look for the change in notejam.toml or --parameter that causes it, and undo it",
            f"Or, if the data may go: {options}",
        )


def _fate(change: Change) -> str:
    if change.action == "Remove":
        return "removed"
    return "replaced" if change.replaced == "yes" else "replaced, maybe"
