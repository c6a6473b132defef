"""What a resource of a rendered template refers to: by DependsOn, Ref, Fn::GetAtt and Fn::Sub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any


def needs(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a resource names in DependsOn, and what its properties refer to: logical IDs and parameters."""
    yield from depends_on(resource)
    yield from references(resource.get("Properties", {}))


def depends_on(resource: Mapping[str, Any]) -> list[str]:
    """Return what a resource names in DependsOn, which may be a text or a list."""
    explicit = resource.get("DependsOn", [])
    return [explicit] if isinstance(explicit, str) else list(explicit)


def references(value: Any) -> Iterator[str]:
    """Yield the names a value refers to, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _named(key, item)
            yield from references(item)


def _named(key: str, item: Any) -> Iterator[str]:
    if key == "Ref" and isinstance(item, str):
        yield item
    elif key == "Fn::GetAtt":
        yield item[0] if isinstance(item, list) else str(item).partition(".")[0]
    elif key == "Fn::Sub":
        text = item[0] if isinstance(item, list) else item
        yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^!}][^}]*)\}", str(text)))
