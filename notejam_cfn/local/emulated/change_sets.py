"""Change sets of ministack that say what AWS's say."""

from __future__ import annotations

import copy
from typing import Any

from .ministack import Real, around, cloudformation


class _Changes(list[Any]):
    """Changes of resources, none maybe, of a change set that can be executed because outputs change."""

    def __bool__(self) -> bool:
        return True


def register() -> None:
    """Change ministack in this process."""
    cloudformation("changesets")._resolve_props_for_diff = _resolved_with_conditions_and_outputs
    around(cloudformation("changesets"), "_diff_resources", _executable_for_outputs)


def _resolved_with_conditions_and_outputs(
    template: Any, parameters: Any, stack_name: str, stack_id: str
) -> dict[str, Any]:
    """Say Add for a resource whose condition begins to hold, and not Modify; and let outputs be compared too.

    Properties are worked out one by one: ministack gives up on a whole resource when one property cannot be known yet,
    and then finds all of them changed.
    """
    if not template:
        return {}
    holds = cloudformation("changesets")._evaluate_conditions(template, parameters)
    known = (parameters, holds, template.get("Mappings", {}), stack_name, stack_id)
    resources = {
        name: resource | {"Properties": _worked_out(resource.get("Properties", {}), known)}
        for name, resource in template["Resources"].items()
        if holds.get(resource.get("Condition"), True)
    }
    return {"Resources": resources, "Outputs": template.get("Outputs", {})}


def _worked_out(properties: dict[str, Any], known: tuple[Any, ...]) -> dict[str, Any]:
    changesets = cloudformation("changesets")
    found: dict[str, Any] = {}
    for name, value in properties.items():
        try:
            found[name] = changesets._resolve_refs(copy.deepcopy(value), {}, *known)
        except Exception:  # whatever it is that ministack cannot work out before the resources are there
            found[name] = value
    return {name: value for name, value in found.items() if value is not changesets._NO_VALUE}


def _executable_for_outputs(real: Real, old: dict[str, Any], new: dict[str, Any], *rest: Any, **more: Any) -> list[Any]:
    """Outputs alone make a change set without changes that can be executed. Source: aws/aws-cdk#2029."""
    found: list[Any] = real(old, new, *rest, **more)
    return _Changes(found) if old.get("Outputs", {}) != new.get("Outputs", {}) else found
