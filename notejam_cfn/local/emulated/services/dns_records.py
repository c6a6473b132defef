"""DNS records of zones that the emulator does not have, such as the one a domain in notejam.toml is in.

They are emulated in their stack. Records of a zone that somebody made in the emulator stay ministack's own.
"""

from __future__ import annotations

import importlib
from typing import Any

RECORD = "AWS::Route53::RecordSet"


def register() -> None:
    """Change ministack in this process."""
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    zones: Any = importlib.import_module("ministack.services.route53")
    own = provisioners._RESOURCE_HANDLERS[RECORD]

    def is_known(properties: dict[str, Any]) -> bool:
        return "HostedZoneId" not in properties or properties["HostedZoneId"] in zones._zones

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        if is_known(properties):
            return own["create"](logical_id, properties, stack_name)
        return "|".join(str(properties.get(key, "")) for key in ("HostedZoneId", "Name", "Type")), {}

    def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, *rest: Any) -> Any:
        if is_known(new):
            return own["update"](physical_id, old, new, stack_name, *rest)
        return physical_id, {}

    def delete(physical_id: str, properties: dict[str, Any]) -> None:
        if is_known(properties):
            own["delete"](physical_id, properties)

    provisioners._RESOURCE_HANDLERS[RECORD] = own | {"create": create, "update": update, "delete": delete}
