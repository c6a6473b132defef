"""Works out a template's conditions for given parameter values, to know what a new stack will hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .templates import Resource, Template


def created(template: Template, values: Mapping[str, str]) -> list[Resource]:
    """Return the resources that a stack with these parameter values holds."""
    document = template.document
    defaults = {name: str(body.get("Default", "")) for name, body in document.get("Parameters", {}).items()}
    judge = _Judge(document.get("Conditions", {}), defaults | dict(values))
    return [item for item in template.resources.values() if item.condition is None or judge.named(item.condition)]


class _Judge:
    def __init__(self, conditions: Mapping[str, Any], values: Mapping[str, str]) -> None:
        self.conditions = conditions
        self.values = values

    def named(self, name: str) -> bool:
        return self.holds(self.conditions[name])

    def holds(self, condition: Mapping[str, Any]) -> bool:
        ((function, argument),) = condition.items()
        if function == "Condition":
            return self.named(argument)
        if function == "Fn::Equals":
            return self._value(argument[0]) == self._value(argument[1])
        answers = [self.holds(item) for item in argument]
        return {"Fn::Not": not answers[0], "Fn::And": all(answers), "Fn::Or": any(answers)}[function]

    def _value(self, value: Any) -> str:
        if isinstance(value, dict):
            return self.values.get(value.get("Ref", ""), "")
        return str(value)
