"""What rules ask of a template's values: which resources they refer to, and which policy statements they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def names_in(value: Any) -> set[str]:
    """Return the logical IDs that a value refers to, however deep."""
    if isinstance(value, list):
        return {name for item in value for name in names_in(item)}
    if not isinstance(value, dict):
        return set()
    if isinstance(value.get("Ref"), str):
        return {value["Ref"]}
    if "Fn::GetAtt" in value:
        target = value["Fn::GetAtt"]
        return {target[0] if isinstance(target, list) else target.split(".")[0]}
    return {name for item in value.values() for name in names_in(item)}


def statements_in(value: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], dict[str, Any]]]:
    """Yield every policy statement in a value that stands at `path`, with its own path."""
    if isinstance(value, dict):
        if "Effect" in value and ("Action" in value or "NotAction" in value):
            yield path, value
        for key, item in value.items():
            yield from statements_in(item, [*path, key])
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from statements_in(item, [*path, index])
