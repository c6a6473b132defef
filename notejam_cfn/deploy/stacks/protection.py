"""Stack policies: what an update must not lose, whoever begins it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .templates import STATEFUL

_ALLOWED: dict[str, Any] = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
OPEN: dict[str, Any] = {"Statement": [_ALLOWED]}
"""The policy of a stack that is not protected: a policy can be replaced, never removed."""


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
