"""What rules ask of a template's values: which resources they refer to."""

from __future__ import annotations

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
