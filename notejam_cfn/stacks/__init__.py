"""Which components make which template: the layered stacks of a stage, and the whole stage in one for the console."""

from __future__ import annotations

from collections.abc import Collection

from ..config.settings import Project, Stage
from .console import console_stack
from .delivery import bound_roles, delivery_stacks
from .layered import layered_stacks
from .stack import Stack

__all__ = ["Stack", "layers_of_stage", "stacks_of", "stacks_of_stage"]


def stacks_of(project: Project, stages: Collection[str] | None = None) -> list[Stack]:
    """Compose every stack of a project, or those of some of its stages, in the order they are deployed.

    All of them include the project's own stacks, which know what is in the others' templates and so come last here. A
    region that lacks what a pipeline is made of has none: see `Project.delivery_gaps`.
    """
    chosen = [stage for stage in project.stages if stages is None or stage.name in stages]
    composed = [stack for stage in chosen for stack in stacks_of_stage(stage)]
    without_pipeline = stages is not None or project.delivery_gaps
    return composed if without_pipeline else [*composed, *delivery_stacks(project, composed)]


def stacks_of_stage(stage: Stage) -> list[Stack]:
    """Compose a stage's stacks: the layers, then the one that holds all of them."""
    console = console_stack(stage)
    bound_roles(console.template)
    return [*layers_of_stage(stage), console]


def layers_of_stage(stage: Stage) -> list[Stack]:
    """Compose a stage's layers, without the one that holds all of them."""
    stacks = layered_stacks(stage)
    for stack in stacks:
        bound_roles(stack.template)
    return stacks
