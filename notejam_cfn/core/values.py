"""The types that components' outputs are made of."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

from troposphere import AWSHelperFn

Value: TypeAlias = "str | AWSHelperFn"
"""A text known now, or an intrinsic function that CloudFormation resolves."""
Values: TypeAlias = "tuple[Value, ...]"


def described(description: str, default: Any = dataclasses.MISSING) -> Any:
    """Declare a field of a component's outputs that other stacks may read, and the description of that output."""
    return dataclasses.field(default=default, metadata={"description": description})
