"""A template's resources as they will be: parameters filled in, conditions decided, references left as they are.

Two templates can then be compared by property, although one writes `Fn::Sub` where the other writes `Fn::Join`.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping
from typing import Any

from ...core.evaluated import EvaluatedTemplate
from ..stacks.templates import deletion_policy

Outputs = Mapping[tuple[str, str], str | None]
"""Values of outputs by stack and name; None for one whose value will only be known once its stack is updated."""
OUTPUT = "Output"
NO_VALUE = object()
LISTS = ("CommaDelimitedList", "List<")
NESTED = (dict, list)
_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")


@dataclasses.dataclass(frozen=True)
class Resolved:
    """A resource of a stack. `deletion` and `replacement` say what becomes of it: Delete, Retain or Snapshot."""

    type: str
    given: Mapping[str, Any] = dataclasses.field(repr=False)
    resolver: Resolver = dataclasses.field(repr=False, compare=False)
    deletion: str
    replacement: str
    attributes: Mapping[str, Any]

    @functools.cached_property
    def properties(self) -> Mapping[str, Any]:
        """The properties, worked out when somebody asks: most resources of most plans stay as they are."""
        found: Mapping[str, Any] = self.resolver.value(self.given)
        return found


def resources(document: Mapping[str, Any], values: Mapping[str, str], outputs: Outputs) -> dict[str, Resolved]:
    """Return the resources that a stack with these parameter values holds, by logical id, in the template's order."""
    resolver = Resolver(document, values, outputs)
    found = {}
    for name, body in resolver.resources():
        given = {key: resolver.value(body[key]) for key in ("DeletionPolicy", "UpdateReplacePolicy") if key in body}
        others = {key: body[key] for key in ("Metadata", "UpdatePolicy", "CreationPolicy") if key in body}
        found[name] = Resolved(
            type=body["Type"],
            given=body.get("Properties", {}),
            resolver=resolver,
            deletion=deletion_policy(body["Type"], given.get("DeletionPolicy")),
            replacement=str(given.get("UpdateReplacePolicy", "Delete")),
            attributes=others | given,
        )
    return found


def output_values(document: Mapping[str, Any], values: Mapping[str, str], outputs: Outputs) -> dict[str, Any]:
    """Return the outputs that a stack with these parameter values has: texts, or references."""
    resolver = Resolver(document, values, outputs)
    return {
        name: resolver.value(body["Value"])
        for name, body in document.get("Outputs", {}).items()
        if "Condition" not in body or resolver.holds(body["Condition"])
    }


def parameters(document: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a stack's parameters: those it is given, and the defaults of the others."""
    declared = document.get("Parameters", {})
    return {name: str(body.get("Default", "")) for name, body in declared.items()} | dict(values)


@dataclasses.dataclass(frozen=True)
class Reference:
    """What a value refers to: a resource of its own stack, or one of its attributes; or an output of another stack."""

    name: str
    attribute: str = ""
    stack: str = ""


def references(value: Any) -> list[Reference]:
    """Return what a resolved value refers to."""
    found: list[Reference] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[Reference]) -> None:
    """Add what a value refers to. Most values are texts: asking before the call is what makes it fast."""
    items = value
    if isinstance(value, dict):
        if OUTPUT in value:
            found.append(Reference(value[OUTPUT][1], stack=value[OUTPUT][0]))
            return
        if "Fn::GetAtt" in value:
            found.append(Reference(value["Fn::GetAtt"][0], str(value["Fn::GetAtt"][1])))
            return
        if "Ref" in value and len(value) == 1:
            found.append(Reference(value["Ref"]))
            return
        items = value.values()
    for item in items if isinstance(value, NESTED) else ():
        if isinstance(item, NESTED):
            _collect(item, found)


class Resolver(EvaluatedTemplate):
    """Works out the functions of one template, as far as that is possible before anything is deployed."""

    def __init__(self, document: Mapping[str, Any], values: Mapping[str, str], outputs: Outputs) -> None:
        super().__init__(document, parameters(document, values))
        declared = document.get("Parameters", {})
        self.types = {name: str(body.get("Type", "String")) for name, body in declared.items()}
        self.mappings = document.get("Mappings", {})
        self.outputs = dict(outputs)

    def value(self, value: Any) -> Any:
        """Return a value with its functions worked out; what refers to a resource stays a reference.

        Most values are texts: asking before the call is what makes it fast.
        """
        if isinstance(value, dict):
            if len(value) == 1:
                ((function, argument),) = value.items()
                known = _FUNCTIONS.get(function)
                if known:
                    return known(self, argument)
            return {
                key: item
                for key, each in value.items()
                if (item := each if type(each) is str else self.value(each)) is not NO_VALUE
            }
        if isinstance(value, list):
            return [i for each in value if (i := each if type(each) is str else self.value(each)) is not NO_VALUE]
        if isinstance(value, bool):
            return str(value).lower()
        return str(value) if isinstance(value, (int, float)) else value

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name not in self.types:
            return {"Ref": name}
        text = str(self._parameters[name])
        return text.split(",") if self.types[name].startswith(LISTS) else text

    def _attribute(self, argument: Any) -> Any:
        name, attribute = argument if isinstance(argument, list) else str(argument).split(".", 1)
        return {"Fn::GetAtt": [name, self.value(attribute)]}

    def _choice(self, argument: Any) -> Any:
        condition, then, otherwise = argument
        return self.value(then if self.holds(condition) else otherwise)

    def _output(self, argument: Mapping[str, Any]) -> Any:
        key = (str(argument["StackName"]), str(argument["OutputName"]))
        known = self.outputs.get(key)
        return {OUTPUT: list(key)} if known is None else known

    def _substituted(self, argument: Any) -> Any:
        text, own = (argument[0], argument[1]) if isinstance(argument, list) else (argument, {})
        parts: list[Any] = []
        end = 0
        for found in _VARIABLE.finditer(text):
            parts.append(text[end : found.start()])
            escaped, name = found.groups()
            first, dot, attribute = name.partition(".")
            if escaped:
                parts.append("${" + name + "}")
            elif name in own:
                parts.append(self.value(own[name]))
            else:
                parts.append({"Fn::GetAtt": [first, attribute]} if dot else self._reference(name))
            end = found.end()
        return joined([*parts, text[end:]])

    def _joined(self, argument: Any) -> Any:
        delimiter, items = argument[0], self.value(argument[1])
        if not isinstance(items, list):
            return {"Fn::Join": [delimiter, items]}
        parts = [part for item in items for part in (delimiter, item)]
        return joined(parts[1:])

    def _selected(self, argument: Any) -> Any:
        index, items = self.value(argument[0]), self.value(argument[1])
        known = isinstance(items, list) and str(index).isdigit() and int(index) < len(items)
        return items[int(index)] if known else {"Fn::Select": [index, items]}

    def _split(self, argument: Any) -> Any:
        delimiter, text = argument[0], self.value(argument[1])
        return text.split(delimiter) if isinstance(text, str) else {"Fn::Split": [delimiter, text]}

    def _mapped(self, argument: Any) -> Any:
        name, first, second = (self.value(item) for item in argument[:3])
        try:
            return self.value(self.mappings[name][first][second])
        except (KeyError, TypeError):  # the key is a reference, such as the region
            return {"Fn::FindInMap": [name, first, second]}


_FUNCTIONS: Mapping[str, Any] = {
    "Ref": Resolver._reference,
    "Fn::GetAtt": Resolver._attribute,
    "Fn::If": Resolver._choice,
    "Fn::GetStackOutput": Resolver._output,
    "Fn::Sub": Resolver._substituted,
    "Fn::Join": Resolver._joined,
    "Fn::Select": Resolver._selected,
    "Fn::Split": Resolver._split,
    "Fn::FindInMap": Resolver._mapped,
}


def joined(parts: list[Any]) -> Any:
    """Return texts and references as one value, with neighbouring texts put together."""
    flat: list[Any] = []
    for part in parts:
        delimiter, inner = part.get("Fn::Join", (None, None)) if isinstance(part, dict) else (None, None)
        for item in inner if delimiter == "" and isinstance(inner, list) else [part]:
            if isinstance(item, str) and flat and isinstance(flat[-1], str):
                flat[-1] += item
            elif item != "":
                flat.append(item)
    if len(flat) <= 1:
        return flat[0] if flat else ""
    return {"Fn::Join": ["", flat]}
