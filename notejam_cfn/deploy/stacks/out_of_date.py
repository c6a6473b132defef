"""Finds stacks whose deployed template is not the one that was built, or that read something else by now."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from ..aws.client import Aws
from ..aws.models import StackState
from ..manifest import StackSpec
from .templates import Template, fingerprint, parse


def among(aws: Aws, stacks: Iterable[StackSpec]) -> list[str]:
    """Return the names of stacks that do not exist, differ from output/, or have read other values than there are."""
    found = []
    for stack in stacks:
        state, built = aws.stack(stack.region, stack.name), parse(stack.text())
        if state is None or not is_current(aws, stack, state, built, aws.outputs(built.read_regions(stack.region))):
            found.append(stack.name)
    return found


def is_current(
    aws: Aws, stack: StackSpec, state: StackState, template: Template, outputs: Mapping[str, Mapping[str, str]]
) -> bool:
    """Tell whether a stack is what output/ says: by the fingerprint that the scripts leave, else by its template.

    The pipeline deploys templates as they were built. `outputs` are those of the stacks it reads.
    """
    deployed = fingerprint(state.description)
    if deployed:
        return deployed == fingerprint(json.loads(template.body(outputs))["Description"])
    return aws.template(stack.region, stack.name) == template.document
