"""Personal stages: a developer's own copy of a stage, bounded in what it may do, and deleted when it expires."""

from __future__ import annotations

from collections.abc import Sequence

from awacs.aws import Action
from troposphere import Sub

from ..components.pipeline.expiry import add_expiry
from ..config.settings import Stage
from ..core import names
from ..core.template import Template
from ..iam import pipeline_policies
from .stack import LAYERED, Stack, stack_of_stage

EXPIRY = "expiry"
EXPIRY_TYPES = frozenset({"AWS::Scheduler::Schedule"})


def personal_stacks(stage: Stage, stacks: Sequence[Stack]) -> list[Stack]:
    """Bound the roles in a personal stage's stacks, and add the stack that deletes them when the stage expires."""
    layers = [stack for stack in stacks if stack.form == LAYERED]
    every = [*layers, expiry_layer(stage, layers), *(stack for stack in stacks if stack.form != LAYERED)]
    for stack in every:
        bound_roles(stack.template, stage.project)
    return every


def expiry_layer(stage: Stage, layers: Sequence[Stack]) -> Stack:
    """Compose what deletes the stage: its stacks again and again until they are gone, then itself."""
    template = Template(
        f"{stage.project} {stage.name}: expiry",
        tags=stage.tags,
        architecture="Schedules that delete the stage's stacks from the hour it expires.",
    )
    stack = stack_of_stage(stage, LAYERED, EXPIRY, template, depends_on=tuple(layer.name for layer in layers))
    add_expiry(template, {layer.layer: layer.name for layer in layers if layer.region == stage.region}, stack.name)
    return stack


def bound_roles(template: Template, project: str) -> None:
    """Put every role of a template within the boundary that the delivery holds."""
    boundary = f"policy/{names.delivery_stack(project)}-{names.BOUNDARY}"
    for resource in template.resources.values():
        if resource.resource_type == "AWS::IAM::Role":
            resource.PermissionsBoundary = Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{boundary}")


def expiry_actions() -> list[Action]:
    """Return what the role of an expiry may do, for the boundary it is held in."""
    return pipeline_policies.on("cloudformation", "DeleteStack")
