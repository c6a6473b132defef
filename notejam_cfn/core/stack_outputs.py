"""Connects stacks: publishes a component's outputs from one and hands them to the components of the next."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from troposphere import GetStackOutput, Output

from . import names
from .template import Template
from .values import Value

Outputs = TypeVar("Outputs")


def publish(template: Template, stack_name: str, outputs: Outputs, region: str | None = None) -> Outputs:
    """Publish the described fields of a component's outputs, and return the outputs as other stacks see them.

    The result is the same dataclass with each described value replaced by `Fn::GetStackOutput`; what is not described
    (facts that Python knows, such as a number of zones) stays as it is. A component that is given it cannot tell
    whether it shares a stack with the one that made it. `region` is that of the stack, when it is another one.

    `Fn::GetStackOutput` is read when the consuming stack is created or updated and locks nothing, unlike `Export`.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html
    """
    seen = {
        field.name: _publish_field(template, _Place(stack_name, region), field, getattr(outputs, field.name))
        for field in dataclasses.fields(outputs)  # type: ignore[arg-type]
        if "description" in field.metadata
    }
    return dataclasses.replace(outputs, **seen)  # type: ignore[type-var]


@dataclasses.dataclass(frozen=True)
class _Place:
    """The stack that outputs are read from, and its region when that is another one."""

    stack_name: str
    region: str | None


def _publish_field(template: Template, place: _Place, field: dataclasses.Field[Any], value: Any) -> Any:
    description = field.metadata["description"]
    if value is None:
        return None
    if isinstance(value, tuple):
        return tuple(
            _publish_value(template, place, names.output(field.name, number), item, f"{description} ({number})")
            for number, item in enumerate(value, start=1)
        )
    return _publish_value(template, place, names.output(field.name), value, description)


def _publish_value(template: Template, place: _Place, name: str, value: Value, description: str) -> Value:
    template.add_output(Output(name, Value=value, Description=description))
    return GetStackOutput(StackName=place.stack_name, OutputName=name, Region=place.region)
