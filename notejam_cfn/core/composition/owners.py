"""Which template an intrinsic function belongs to, so that none reaches another template.

`Ref` and `Fn::GetAtt` name something of their own template by its logical ID. In another template the same words mean
nothing, or, worse, something else of that name. `publish` makes what other templates may have.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from troposphere import AWSHelperFn, BaseAWSObject, GetStackOutput

from ..references import references
from .encoding import PLAIN, encoded

OWNER = "_notejam_template"


def claim(template: Any, value: Any) -> None:
    """Note that what a value holds of intrinsic functions about resources belongs to a template."""
    owner = weakref.ref(template)
    for function in _functions(value):
        if not isinstance(function, GetStackOutput) and any("::" not in one for one in references(encoded(function))):
            setattr(function, OWNER, owner)


def foreign(template: Any, value: Any) -> tuple[AWSHelperFn, Any] | None:
    """Return the first intrinsic function in a value that belongs to another template, and that template."""
    for function in _functions(value):
        owner = getattr(function, OWNER, None)
        if owner is not None and owner() is not None and owner() is not template:
            return function, owner()
    return None


def _functions(value: Any) -> Iterator[AWSHelperFn]:
    """Yield the intrinsic functions in a value, however deep; those of a function come behind it."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        inside: Iterable[Any] = ()
        if kind is dict:
            inside = one.values()
        elif kind is list:
            inside = one
        elif isinstance(one, AWSHelperFn):
            yield one
            inside = [getattr(one, "data", None)]
        elif isinstance(one, BaseAWSObject):
            inside = one.properties.values()
        elif dataclasses.is_dataclass(one) and not isinstance(one, type):
            inside = [getattr(one, field.name) for field in dataclasses.fields(one)]
        elif isinstance(one, Mapping):
            inside = one.values()
        elif isinstance(one, Sequence) and not isinstance(one, (str, bytes)):
            inside = one
        # Most values are plain: leaving them out here is what makes this fast.
        waiting += [each for each in reversed([*inside]) if type(each) not in PLAIN]
