"""A template as it is once deployed: conditions decided and parameters filled in with their defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Resource = Mapping[str, Any]
NO_VALUE = {"Ref": "AWS::NoValue"}
RELEASED = "registry/notejam@sha256:example"


class EvaluatedTemplate:
    """Looks into a rendered template: a release is deployed, every other parameter at its default or as chosen."""

    def __init__(self, template: Mapping[str, Any], chosen: Mapping[str, str] | None = None) -> None:
        self._template = template
        self._parameters = {name: body.get("Default", "") for name, body in template.get("Parameters", {}).items()}
        self._parameters |= {name: RELEASED for name in self._parameters if name.endswith("ImageUri")}
        self._parameters |= chosen or {}

    def resources(self) -> Iterator[tuple[str, Resource]]:
        """Yield the logical ID and the body of each resource that will exist."""
        for name, resource in self._template.get("Resources", {}).items():
            if "Condition" not in resource or self.holds(resource["Condition"]):
                yield name, resource

    def of_type(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return the properties of the resources of one type, by logical ID."""
        return {name: body.get("Properties", {}) for name, body in self.resources() if body["Type"] == kind}

    def holds(self, condition: Any) -> bool:
        """Tell whether a condition, named or written out, holds."""
        if isinstance(condition, str):
            return self.holds(self._template["Conditions"][condition])
        ((name, argument),) = condition.items()
        if name == "Fn::Equals":
            return bool(str(self.value(argument[0])) == str(self.value(argument[1])))
        if name == "Fn::Not":
            return not self.holds(argument[0])
        if name in ("Fn::And", "Fn::Or"):
            return (all if name == "Fn::And" else any)(self.holds(one) for one in argument)
        return self.holds(argument)

    def value(self, value: Any) -> Any:
        """Return a value with references to parameters and `Fn::If` resolved; what is only known later stays."""
        if isinstance(value, dict) and len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" and argument in self._parameters:
                return self._parameters[argument]
            if name == "Fn::If":
                return self.value(argument[1] if self.holds(argument[0]) else argument[2])
        return value

    def number(self, value: Any) -> float:
        """Return a value as a number; 0 when it is absent or only known later."""
        resolved = self.value(value)
        return float(resolved) if isinstance(resolved, (int, float, str)) and str(resolved).strip() else 0.0

    def properties(self, value: Any) -> Any:
        """Return properties with everything resolved that is known, however deep; what is NoValue is left out."""
        if isinstance(value, str):  # most values are: asking first is what makes this fast
            return value
        value = self.value(value)
        if isinstance(value, dict):
            resolved = {k: each if type(each) is str else self.properties(each) for k, each in value.items()}
            return {key: item for key, item in resolved.items() if item != NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.properties, value) if item != NO_VALUE]
        return value
