"""Finds what a deployed stage consists of."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..aws.client import Aws
from ..aws.errors import says_gone
from ..aws.models import HeldResource, StackState
from ..exit_codes import AwsTrouble, BadInput, Refused
from ..manifest import StackSpec

SERVICE = "AWS::ECS::Service"
CLUSTER = "AWS::RDS::DBCluster"
LOG_GROUP = "AWS::Logs::LogGroup"
IMAGE = "ImageUri"


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
        self._held: dict[str, list[HeldResource]] = {}

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
        return [
            Part(stack, resource)
            for stack in self.stacks.values()
            for resource in self._resources(stack)
            if resource.type == kind and resource.physical_id
        ]

    def service(self) -> Part:
        """Return the service. Raises Refused when nothing was released yet."""
        found = self.parts(SERVICE)
        if not found:
            stage = next(iter(self.stacks.values())).stage
            raise Refused("no service runs in this stage yet", f"Release one: python -m notejam_cfn release {stage}")
        return found[0]

    def _resources(self, stack: StackSpec) -> list[HeldResource]:
        if stack.name not in self._held:
            try:
                self._held[stack.name] = self.aws.resources(stack.region, stack.name)
            except AwsTrouble as error:
                if not says_gone(error):
                    raise
                self._held[stack.name] = []
        return self._held[stack.name]
