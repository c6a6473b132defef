"""Declares settings: fields with a default, bounds and a sentence for people, checked when the object is made."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..core.inputs import InvalidInput, shown

T = TypeVar("T", str, int)
Check = Callable[[Any], str | None]
"""Returns what is wrong with a value (`must be between 1 and 256, got 300`), or None."""


class InvalidSetting(InvalidInput):
    """A setting has a value that is not allowed. `field` names it; `problem` says what is allowed and what was got."""


class Settings:
    """Base of all settings: every field is checked on creation, then `conflicts` between fields.

    Raises `InvalidSetting` for the first problem found.
    """

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            check = field.metadata.get("check")
            problem = check and check(getattr(self, field.name))
            if problem:
                raise InvalidSetting(field.name, problem)
        for name, problem in self.conflicts():
            raise InvalidSetting(name, problem)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        """Yield a field's name and what is wrong with it beside the others."""
        return iter(())


def whole(default: int, at_least: int, at_most: int, meaning: str) -> Any:
    """Declare a whole number within bounds, both allowed."""
    return checked(default, _between(int, "a whole number", at_least, at_most), meaning, f"{at_least} to {at_most}")


def number(default: float, at_least: float, at_most: float, meaning: str) -> Any:
    """Declare a number within bounds, in halves."""
    between = _between(float, "a number", at_least, at_most)

    def check(value: Any) -> str | None:
        problem = between(value)
        if problem is None and not math.isclose(value * 2, round(value * 2)):
            problem = f"must be a multiple of 0.5, got {shown(value)}"
        return problem

    return checked(default, check, meaning, f"{at_least:g} to {at_most:g}")


def choice(default: T, allowed: tuple[T, ...], meaning: str) -> Any:
    """Declare one of a few words or whole numbers."""
    listed = ", ".join(map(str, allowed))

    def check(value: Any) -> str | None:
        fits = value in allowed and not isinstance(value, bool)
        return None if fits else f"must be one of {listed}, got {shown(value)}"

    return checked(default, check, meaning, listed)


def text(default: str, pattern: str, allowed: str, meaning: str) -> Any:
    """Declare a text that matches a pattern, which `allowed` says in words. Empty is allowed when the default is."""

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return f"must be {allowed}, as text in quotes, got {shown(value)}"
        fits = re.fullmatch(pattern, value, re.ASCII) or (value == "" and default == "")
        return None if fits else f"must be {allowed}, got {shown(value)}"

    return checked(default, check, meaning, allowed)


def flag(default: bool, meaning: str) -> Any:
    """Declare a yes or no."""

    def check(value: Any) -> str | None:
        return None if isinstance(value, bool) else f"must be true or false, got {shown(value)}"

    return checked(default, check, meaning, "true or false")


def checked(default: Any, check: Check, meaning: str, allowed: str) -> Any:
    """Declare a field with a check of its own; `allowed` says in words what passes."""
    return dataclasses.field(default=default, metadata={"check": check, "meaning": meaning, "allowed": allowed})


def _between(kind: type[int] | type[float], words: str, at_least: float, at_most: float) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else int):
            return f"must be {words}, got {shown(value)}"
        if not at_least <= value <= at_most:
            return f"must be between {at_least:g} and {at_most:g}, got {shown(value)}"
        return None

    return check
