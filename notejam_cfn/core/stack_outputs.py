"""Connects stacks: publishes a component's outputs from one and hands them to the components of the next."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from troposphere import AWSHelperFn, GetStackOutput, Output

from . import names
from .inputs import InvalidInput, shown
from .template import Template
from .values import Value

Outputs = TypeVar("Outputs")


def publish(
    template: Template, stack_name: str, outputs: Outputs, region: str | None = None, prefix: str = ""
) -> Outputs:
    """Publish the described fields of a component's outputs, and return the outputs as other stacks see them.

    The result is the same dataclass with each described value replaced by `Fn::GetStackOutput`; what is not described
    (facts that Python knows, such as a number of zones) stays as it is. A component that is given it cannot tell
    whether it shares a stack with the one that made it. `region` is that of the stack, when it is another one.
    `prefix` stands before the names of the outputs, for the second of a kind: two services have each a log group.

    Raises `InvalidInput` for a field that refers to something of the template and is not described, and for a name
    that another output has: nothing that belongs to one template reaches another.

    `Fn::GetStackOutput` is read when the consuming stack is created or updated and locks nothing, unlike `Export`.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getstackoutput.html
    """
    if not dataclasses.is_dataclass(outputs) or isinstance(outputs, type):
        raise InvalidInput("outputs", f"must be what a component returned, got {shown(outputs)}")

    def published(name: str, value: Value, description: str) -> Value:
        if isinstance(value, GetStackOutput) and region is None:
            return value  # of another stack, which publishes it already
        name = f"{prefix}{name}"
        there = template.outputs.get(name)
        if there is None:
            template.add_output(Output(name, Value=value, Description=description))
        elif there.Value != value:
            problem = f"is an output of this stack already, of another value ({shown(there.Value)})"
            example = f"prefix={prefix + 'Search'!r}"
            raise InvalidInput(name, f"{problem}; publish the second with a prefix, such as {example}")
        return GetStackOutput(StackName=stack_name, OutputName=name, Region=region)

    seen: dict[str, Any] = {}
    for field in dataclasses.fields(outputs):
        value, description = getattr(outputs, field.name), field.metadata.get("description")
        if description is None:
            if isinstance(value, AWSHelperFn) or (isinstance(value, str) and value in template.conditions):
                problem = f"belongs to its template and is not declared as an output, got {shown(value)}"
                where = f"{type(outputs).__name__}.{field.name}"
                raise InvalidInput(where, f"{problem}; declare the field with described(…)")
            continue
        name = field.metadata["output"] or field.name
        if isinstance(value, tuple):
            seen[field.name] = tuple(
                published(names.output(name, number), item, f"{description} ({number})")
                for number, item in enumerate(value, start=1)
            )
        elif value is not None:
            seen[field.name] = published(names.output(name), value, description)
    return dataclasses.replace(outputs, **seen)
