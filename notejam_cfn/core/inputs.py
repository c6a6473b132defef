"""Inputs of components, checked when they are given: an error names the argument, what was got and what is allowed.

ValueError
 └─ InvalidInput       an argument of a component, or a field of a dataclass handed to one
     └─ InvalidSetting    (config.fields) a field of settings
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from troposphere import AWSHelperFn, AWSObject, Parameter

LONGEST_VALUE = 60


class InvalidInput(ValueError):
    """What a component was given cannot be used. `field` names it; `problem` says what is allowed and what was got."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem


def shown(value: Any) -> str:
    """Return a value as an error shows it: at most a line, whatever somebody has written."""
    try:
        if isinstance(value, AWSHelperFn):
            said = str(value.to_dict())
        elif isinstance(value, (AWSObject, Parameter)):
            said = f"the {type(value).__name__} {value.title} itself, not its .ref() or .get_att(…)"
        else:
            said = f"a {type(value).__name__}" if dataclasses.is_dataclass(value) else repr(value)
    except (ValueError, RecursionError):  # Python writes no number of thousands of digits
        return f"a {type(value).__name__} too large to show"
    return said if len(said) <= LONGEST_VALUE else f"{said[:LONGEST_VALUE]}…"


class Inputs:
    """Base of the frozen dataclasses that components take and return: each field is checked against its declared type.

    A list becomes the tuple that is declared, and a number among texts by name becomes text, as in `environment`.
    Raises `InvalidInput` for the first problem found, then for the first of `conflicts`.
    """

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for name, hint in _hints(kind).items():
            value = accepted(name, hint, getattr(self, name))
            if value is not getattr(self, name):
                object.__setattr__(self, name, value)
        for name, problem in self.conflicts():
            raise InvalidInput(name, problem)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        """Yield a field's name and what is wrong with it beside the others."""
        return iter(())


def accepted(name: str, hint: Any, value: Any) -> Any:
    """Return a value as its declared type has it. Raises `InvalidInput` for one that does not fit."""
    kind, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if kind in (types.UnionType, typing.Union):
        return _one_of(name, parts, value)
    if kind is collections.abc.Mapping:
        return _mapping(name, parts, value)
    if kind in (tuple, collections.abc.Sequence):
        return _sequence(name, kind, parts, value)
    if kind is not Any and isinstance(kind, type) and not isinstance(value, kind):
        raise InvalidInput(name, f"must be {_words(kind)}, got {shown(value)}")
    return value


@functools.cache
def hints_of(function: Any) -> dict[str, Any]:
    """Return the declared types of a function's parameters, without the first, which is the template."""
    hints = typing.get_type_hints(function)
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount + function.__code__.co_kwonlyargcount]
    return {name: hints[name] for name in names if name in hints}


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _one_of(name: str, kinds: tuple[Any, ...], value: Any) -> Any:
    for kind in kinds:
        try:
            return accepted(name, kind, value)
        except InvalidInput as error:
            problem = error
    if len(kinds) == 2 and type(None) in kinds:
        return accepted(name, next(kind for kind in kinds if kind is not type(None)), value)
    if set(kinds) <= {str, AWSHelperFn, type(None)}:
        raise InvalidInput(name, f"must be text or an intrinsic function such as .ref(), got {shown(value)}")
    raise problem


def _mapping(name: str, parts: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise InvalidInput(name, f'must be a dictionary such as {{"NAME": "value"}}, got {shown(value)}')
    for key in value:
        if not isinstance(key, str):
            raise InvalidInput(name, f"must have text as its keys, got {shown(key)}")
    return {key: accepted(f"{name}[{key!r}]", parts[1], _as_text(item, parts[1])) for key, item in value.items()}


def _as_text(value: Any, hint: Any) -> Any:
    if str not in typing.get_args(hint) or not isinstance(value, (bool, int, float)):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sequence(name: str, kind: Any, parts: tuple[Any, ...], value: Any) -> Any:
    if isinstance(value, AWSHelperFn):
        problem = f"must be a list whose length is known here, got {shown(value)}"
        raise InvalidInput(name, f"{problem}; of a parameter of type List, take elements(parameter, 3)")
    if isinstance(value, (str, bytes)) or not isinstance(value, collections.abc.Sequence):
        example = shown(value.split()) if isinstance(value, str) and value else '["one", "two"]'
        raise InvalidInput(name, f"must be a list such as {example}, got {shown(value)}")
    items = [accepted(f"{name}[{index}]", parts[0], item) for index, item in enumerate(value)]
    return tuple(items) if kind is tuple or isinstance(value, tuple) else items


def _words(kind: type) -> str:
    words = {str: "text", int: "a whole number", bool: "True or False", float: "a number", type(None): "None"}
    return words.get(kind, f"a {kind.__name__}")
