"""Tells the role of previews where the stage's tasks run, once the stage is there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ...core import names
from ..aws.client import Aws
from ..manifest import StackSpec

PARAMETER = "PreviewSubnets"


def with_subnets(aws: Aws, stacks: Sequence[StackSpec], given: Mapping[str, str]) -> list[StackSpec]:
    """Return the stacks with the subnets of the stage's tasks, where they take them and the stage is there."""
    return [_with(aws, stack) if PARAMETER in stack.defaults and PARAMETER not in given else stack for stack in stacks]


def _with(aws: Aws, stack: StackSpec) -> StackSpec:
    project = stack.tags["project"]
    stage = stack.layer.removeprefix(names.delivery_in(""))
    state = aws.stack(stack.region, names.stack(project, stage, "network"))
    subnets = (
        [value for name, value in sorted(state.outputs.items()) if name.startswith("PrivateSubnetId")] if state else []
    )
    if not subnets:
        return stack
    return dataclasses.replace(stack, values={**stack.values, PARAMETER: ",".join(subnets)})
