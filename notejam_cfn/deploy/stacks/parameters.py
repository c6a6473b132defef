"""Decides the value of each parameter, so that a deployment never resets what a release or a restore has set."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...core.images import dual_stack
from ..aws.client import KEEP
from ..exit_codes import BadInput
from ..manifest import IMAGE, StackSpec, require_name
from .templates import Template


@dataclasses.dataclass(frozen=True)
class ParameterChange:
    """A parameter that gets another value. `old` is None for one that is new."""

    name: str
    old: str | None
    new: str


def defaults(template: Template) -> dict[str, str | None]:
    """Return the parameters that a template declares, with their defaults; None for one that must be given."""
    declared = template.document.get("Parameters", {})
    return {name: str(body["Default"]) if "Default" in body else None for name, body in declared.items()}


def parse(assignments: Sequence[str], stacks: Iterable[StackSpec]) -> dict[str, str]:
    """Read `NAME=VALUE` arguments. Raises BadInput for a name that no stack declares."""
    known = sorted({name for stack in stacks for name in stack.defaults})
    given = {}
    for text in assignments:
        name, sign, value = text.partition("=")
        if not sign:
            raise BadInput(f"--parameter takes NAME=VALUE, got {text!r}")
        require_name("parameter", name, known)
        given[name] = value
    return given


def require_allowed(given: Mapping[str, str], stacks: Iterable[StackSpec], templates: Mapping[str, Template]) -> None:
    """Raise BadInput for a value that a template does not allow, before CloudFormation makes anything of it."""
    for stack in stacks:
        template = templates.get(stack.name)
        declared = template.document.get("Parameters", {}) if template else {}
        for name, value in _fitting(stack, given).items():
            problem = _problem(declared.get(name, {}), value)
            if problem:
                meaning = declared[name].get("Description", "")
                raise BadInput(f"--parameter {name} {problem}, got {value!r}", *([meaning] if meaning else []))


def _problem(declared: Mapping[str, Any], value: str) -> str | None:
    """Say what CloudFormation would find wrong with a value; where it checks what exists in the account, nothing.

    Source: AWS CloudFormation User Guide, "Parameters": AllowedPattern is of the whole value.
    """
    if declared.get("Type") in ("Number", "List<Number>"):
        parts = value.split(",") if declared["Type"] != "Number" else [value]
        wrong = next((found for part in parts if (found := _number_problem(declared, part.strip()))), None)
        if wrong:
            return wrong
    allowed = [str(each) for each in declared.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"must be one of {', '.join(allowed)}"
    shortest, longest = int(declared.get("MinLength", 0)), int(declared.get("MaxLength", len(value)))
    if not shortest <= len(value) <= longest:
        return f"must have {shortest} to {longest} characters"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value, re.ASCII):
        return f"must be {declared.get('ConstraintDescription') or f'as {pattern}'}"
    return None


def _number_problem(declared: Mapping[str, Any], value: str) -> str | None:
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", value):
        return "must be a number"
    least, most = declared.get("MinValue"), declared.get("MaxValue")
    if least is not None and float(value) < float(least):
        return f"must be at least {least}"
    return f"must be at most {most}" if most is not None and float(value) > float(most) else None


def for_new(stack: StackSpec, given: Mapping[str, str]) -> dict[str, str]:
    """Return the values to create a stack with; the others take the template's defaults."""
    given = {**stack.values, **given}
    missing = [name for name, default in stack.defaults.items() if default is None and name not in given]
    if missing:
        options = " ".join(f"--parameter {name}=VALUE" for name in missing)
        raise BadInput(f"{stack.name} needs a value for {', '.join(missing)}", f"Give it: {options}")
    return _fitting(stack, given)


def for_update(
    stack: StackSpec, given: Mapping[str, str], current: Mapping[str, str], deployed_defaults: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the values to update a stack with: the given ones, and for the others what they are now.

    A value that nobody chose, because it is still the deployed template's default, follows a default that has changed,
    unless that is empty: a service never stops because an image is no longer in the file.
    """
    given = {**stack.values, **given}
    kept = {name: KEEP for name in stack.defaults if name not in given and name in current}
    following = {
        name: default
        for name in kept
        if (default := stack.defaults[name]) and current[name] == deployed_defaults.get(name) != default
    }
    return _fitting(stack, given) | kept | following


def changes(values: Mapping[str, str], current: Mapping[str, str]) -> tuple[ParameterChange, ...]:
    """Return which parameters get another value."""
    return tuple(
        ParameterChange(name, current.get(name), value)
        for name, value in values.items()
        if value != KEEP and current.get(name) != value
    )


def _fitting(stack: StackSpec, given: Mapping[str, str]) -> dict[str, str]:
    """Return what is given of a stack's parameters. Tasks without IPv4 need their image by ECR's dual-stack name."""
    values = {name: given[name] for name in stack.defaults if name in given}
    if stack.ipv6_only_tasks and IMAGE in values:
        values[IMAGE] = dual_stack(values[IMAGE])
    return values
