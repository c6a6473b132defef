"""What a trial needs of the person who starts it."""

from __future__ import annotations

from collections.abc import Iterable

from ..roles import handlers

# What the steps call themselves, besides what CloudFormation calls for the resources.
OWN = ("backup", "cloudformation", "ec2", "ecs", "iam", "logs", "rds", "s3", "servicequotas", "sts", "tag")
OPERATIONS = ("create", "read", "update", "delete")


def of_types(kinds: Iterable[str]) -> set[str]:
    """Return the actions that CloudFormation calls for resources of some types, as their schemas say."""
    return {
        action for kind in kinds for operation in OPERATIONS for action in handlers.permissions(kind, operation, {})
    }


def words(kinds: Iterable[str]) -> str:
    """Say what it takes."""
    actions = of_types(kinds)
    services = sorted({action.partition(":")[0] for action in actions} | set(OWN))
    return (
        f"an administrator's permissions, or these of {', '.join(services)}: {len(actions)} actions of CloudFormation's"
    )
