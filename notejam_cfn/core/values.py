"""The types that components' outputs are made of."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

from troposphere import AWSHelperFn, Parameter, Select

from .inputs import InvalidInput, shown

Value: TypeAlias = str | AWSHelperFn
"""A text known now, or an intrinsic function that CloudFormation resolves."""
Values: TypeAlias = tuple[Value, ...]


def described(description: str, default: Any = dataclasses.MISSING, output: str = "") -> Any:
    """Declare a field of a component's outputs that other stacks may read, and the description of that output.

    `output` names the output where the field's own name would not say enough among those of a stack.
    """
    return dataclasses.field(default=default, metadata={"description": description, "output": output})


def elements(parameter: Parameter, count: int) -> Values:
    """Return the elements of a parameter of a list type, such as `List<AWS::EC2::Subnet::Id>`, as `count` values.

    Components ask how many there are, and CloudFormation knows only when it deploys.
    """
    if not str(parameter.properties.get("Type", "")).startswith(
        ("List<", "CommaDelimitedList", "AWS::SSM::Parameter::Value<List<")
    ):
        raise InvalidInput("parameter", f"must be a parameter of a list type, got {shown(parameter)}")
    return tuple(Select(number, parameter.ref()) for number in range(count))
