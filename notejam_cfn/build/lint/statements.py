"""The policy statements of a template's resources, which several rules judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.references import walk


def statements(resources: Mapping[str, Any]) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Yield every statement in the properties of resources, with its path in the template."""
    for name, resource in resources.items():
        for path, value in walk(resource.get("Properties", {})):
            if isinstance(value, dict) and "Effect" in value and ("Action" in value or "NotAction" in value):
                yield ["Resources", name, "Properties", *path], value
