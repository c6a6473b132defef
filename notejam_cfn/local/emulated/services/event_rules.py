"""Spells the targets of rules as EventBridge's API does, where CloudFormation spells a key otherwise.

ministack keeps them as the template has them, and a client then does not find the subnets of a target's task.
"""

from __future__ import annotations

import copy
import importlib
from typing import Any

RULE = "AWS::Events::Rule"
IN_TEMPLATES, IN_API = "AwsVpcConfiguration", "awsvpcConfiguration"


def register() -> None:
    """Change ministack in this process."""
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    own = provisioners._RESOURCE_HANDLERS[RULE]

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        return own["create"](logical_id, _respelled(properties), stack_name)

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, *rest: Any) -> Any:
        return own["update"](physical_id, _respelled(old), _respelled(new), stack_name, *rest)

    provisioners._RESOURCE_HANDLERS[RULE] = own | {"create": create, "update": update}


def _respelled(properties: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(properties)
    for target in found.get("Targets", ()):
        place = target.get("EcsParameters", {}).get("NetworkConfiguration", {})
        if IN_TEMPLATES in place:
            place[IN_API] = place.pop(IN_TEMPLATES)
    return found
