"""Finds what a deployed stage consists of."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from ..aws.client import Aws
from ..aws.models import SERVICE, HeldResource, StackState
from ..exit_codes import BadInput, Refused
from ..manifest import IMAGE, StackSpec

LOG_GROUP = "AWS::Logs::LogGroup"


@dataclasses.dataclass(frozen=True)
class Part:
    """A resource of a stage, with the stack it belongs to."""

    stack: StackSpec
    resource: HeldResource


class Stage:
    """The stacks of a stage as they are on AWS. What it has read once it does not read again."""

    def __init__(self, aws: Aws, stacks: Sequence[StackSpec]) -> None:
        self.aws = aws
        self.stacks = {stack.name: stack for stack in stacks}

    @property
    def service_stack(self) -> StackSpec:
        """The stack whose parameter says which image runs."""
        found = [stack for stack in self.stacks.values() if IMAGE in stack.defaults]
        if not found:
            raise BadInput("no stack of this stage takes an image", "Name a stage, not the delivery stack")
        return found[0]

    def states(self) -> dict[str, StackState | None]:
        """Return the state of every stack, None for one that does not exist."""
        return {name: self.aws.stack(stack.region, name) for name, stack in self.stacks.items()}

    def parts(self, kind: str) -> list[Part]:
        """Return the resources of a type in all stacks."""
        return [part for part in self._held if part.resource.type == kind and part.resource.physical_id]

    def service(self) -> Part:
        """Return the service. Raises Refused when nothing was released yet."""
        found = self.parts(SERVICE)
        if not found:
            stage = next(iter(self.stacks.values())).stage
            raise Refused("no service runs in this stage yet", f"Release one: python -m notejam_cfn release {stage}")
        return found[0]

    @functools.cached_property
    def _held(self) -> list[Part]:
        stacks = self.stacks.values()
        return [Part(stack, held) for stack in stacks for held in self.aws.resources(stack.region, stack.name)]
