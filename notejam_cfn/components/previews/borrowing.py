"""Copies resources of one template into another one, and lets the copies refer to what stays behind.

A preview runs what the stage's service runs. Copying what that component made keeps the two alike, whatever it is given
later.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, cast

from troposphere import AWSHelperFn, AWSObject, BaseAWSObject, GetAtt, GetStackOutput, Output, Ref

from ...core.composition.encoding import encoded
from ...core.template import Template
from ...core.values import Value

R = TypeVar("R", bound=AWSObject)


@dataclasses.dataclass(frozen=True)
class Lender:
    """A template that lends resources: published by the stack of that name is what copies refer to."""

    template: Template
    stack_name: str

    def copied(self, title: str, kind: type[R], *along: str, without: Callable[[R], object] = id) -> R:
        """Return a copy of a resource without its condition, dependencies and tags, which the borrower's replace.

        References to the resources `along`, which are copied too, stay references within a template. `without` takes
        away what the copy does not have, before anything that it refers to is published.
        """
        resource = copy.deepcopy(self.template.resources[title])
        assert isinstance(resource, kind), f"{title} is no {kind.__name__}"
        without(resource)
        for attribute in ("Condition", "DependsOn"):
            resource.resource.pop(attribute, None)
        resource.properties.pop("Tags", None)
        self._seen(resource, along)
        return resource

    def seen(self, value: Value) -> Value:
        """Return a value of the template as another stack sees it."""
        return cast(Value, self._seen(copy.deepcopy(value), ()))

    def _seen(self, value: Any, along: tuple[str, ...]) -> Any:
        if isinstance(value, (Ref, GetAtt)):
            return self._reference(value, along)
        if isinstance(value, GetStackOutput):
            return value
        if isinstance(value, AWSHelperFn):
            value.data = self._seen(value.data, along)
        elif isinstance(value, BaseAWSObject):
            value.properties.update({name: self._seen(item, along) for name, item in value.properties.items()})
        elif isinstance(value, dict):
            return {name: self._seen(item, along) for name, item in value.items()}
        elif isinstance(value, (list, tuple)):
            return [self._seen(item, along) for item in value]
        return value

    def _reference(self, value: Ref | GetAtt, along: tuple[str, ...]) -> Any:
        ((_, target),) = value.data.items()
        title = str(target if isinstance(value, Ref) else target[0])
        if title not in self.template.resources or title in along:
            return value
        return GetStackOutput(StackName=self.stack_name, OutputName=self._published(title, value))

    def _published(self, title: str, value: Ref | GetAtt) -> str:
        """Return the output that holds a reference, which is published where it is not yet."""
        wanted = encoded(value)
        for name, output in self.template.outputs.items():
            if encoded(output.properties["Value"]) == wanted:
                return str(name)
        name = title + ("" if isinstance(value, Ref) else str(value.data["Fn::GetAtt"][1]).replace(".", ""))
        self.template.add_output(Output(name, Value=value, Description=f"{title}, for previews"))
        return name
