"""Which template an intrinsic function belongs to, so that none reaches another template.

`Ref` and `Fn::GetAtt` name something of their own template by its logical ID. In another template the same words mean
nothing, or, worse, something else of that name. `publish` makes what other templates may have.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from troposphere import AWSHelperFn, BaseAWSObject, GetStackOutput

from ..references import references

OWNER = "_notejam_template"
SCALARS = (str, int, float, bytes)


def claim(template: Any, value: Any) -> None:
    """Note that what a value holds of intrinsic functions about resources belongs to a template."""
    owner = weakref.ref(template)
    for function in _functions(value):
        if not isinstance(function, GetStackOutput) and any("::" not in one for one in references(function.to_dict())):
            setattr(function, OWNER, owner)


def foreign(template: Any, value: Any) -> tuple[AWSHelperFn, Any] | None:
    """Return the first intrinsic function in a value that belongs to another template, and that template."""
    for function in _functions(value):
        owner = getattr(function, OWNER, None)
        if owner is not None and owner() is not None and owner() is not template:
            return function, owner()
    return None


def _functions(value: Any) -> Iterator[AWSHelperFn]:
    """Yield the intrinsic functions in a value, however deep."""
    if value is None or isinstance(value, SCALARS):  # most values are: asking first is what makes this fast
        return
    if isinstance(value, AWSHelperFn):
        yield value
        yield from _functions(getattr(value, "data", None))
    elif isinstance(value, BaseAWSObject):
        yield from _functions(value.properties)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _functions(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _functions(item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from _functions(getattr(value, field.name))
