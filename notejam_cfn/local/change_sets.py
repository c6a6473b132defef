"""Change sets of ministack that say what AWS's say."""

from __future__ import annotations

import importlib
from typing import Any


class _Changes(list[Any]):
    """Changes of resources, none maybe, of a change set that can be executed because outputs change."""

    def __bool__(self) -> bool:
        return True


def register() -> None:
    """Change ministack in this process."""
    changesets: Any = importlib.import_module("ministack.services.cloudformation.changesets")
    changesets._resolve_props_for_diff = _with_conditions_and_outputs(changesets)
    changesets._diff_resources = _executable_for_outputs(changesets._diff_resources)


def _with_conditions_and_outputs(changesets: Any) -> Any:
    """Say Add for a resource whose condition begins to hold, and not Modify; and let outputs be compared too."""
    real = changesets._resolve_props_for_diff

    def resolve(template: Any, parameters: Any, *rest: Any) -> dict[str, Any]:
        resolved: dict[str, Any] = real(template, parameters, *rest)
        if template:
            holds = changesets._evaluate_conditions(template, parameters)
            kept = {k: v for k, v in resolved["Resources"].items() if holds.get(v.get("Condition"), True)}
            resolved |= {"Resources": kept, "Outputs": template.get("Outputs", {})}
        return resolved

    return resolve


def _executable_for_outputs(real: Any) -> Any:
    """Outputs alone make a change set without changes that can be executed. Source: aws/aws-cdk#2029."""

    def diff(old: dict[str, Any], new: dict[str, Any], *rest: Any, **more: Any) -> list[Any]:
        found: list[Any] = real(old, new, *rest, **more)
        return _Changes(found) if old.get("Outputs", {}) != new.get("Outputs", {}) else found

    return diff
