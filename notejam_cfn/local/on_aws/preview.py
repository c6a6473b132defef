"""A trial's preview: made beside the stage as a developer makes one, used, and ended by its own schedule."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ...core import names
from ...deploy.aws.client import Aws
from ...deploy.manifest import IMAGE, Manifest, StackSpec
from ...deploy.previews import previews

if TYPE_CHECKING:
    from .steps import Steps

NAME = "trial"
# Its first hour is one that it does not see; its second is as near as a deployment in between allows.
LASTS, ENDS_MINUTES = "2h", 5
# CloudFormation drains its task and removes what it holds after that.
REMOVING_MINUTES = 15
# A role that was just made is not known everywhere at once.
# Source: IAM User Guide, "Troubleshoot IAM", on changes that are not always immediately visible.
KNOWN_SECONDS = 15.0


def template(manifest: Manifest, stage: str) -> StackSpec | None:
    """Return the stack of the trial's preview, or None where the stage allows none."""
    return previews.spec(manifest, stage, NAME) if previews.template_of(manifest, stage) else None


def access(manifest: Manifest, stage: str) -> tuple[StackSpec, ...]:
    """Return the stacks that hold the roles of a stage's previews."""
    return tuple(stack for stack in manifest.stacks if stack.layer in names.access_layers(stage))


def try_one(steps: Steps, stack: StackSpec) -> str:
    """Make a preview, use it, bring its end near, and wait for it. Raises TrialError."""
    steps.commands.of(access(steps.manifest, steps.stage)).deploy()
    steps.pause(KNOWN_SECONDS)
    began = time.monotonic()
    aws = in_role(steps.aws, stack)
    asked = previews.to_deploy(aws, steps.manifest, stack, LASTS, steps.image)
    results = steps.commands.of([asked], aws).deploy(f"{IMAGE}={steps.image}")
    state = results[stack.name].state
    url = state.outputs["Url"] if state else ""
    steps.require_answer(url)
    seconds = time.monotonic() - began
    steps.visited(lambda: steps.visitor.write(url))
    soon = previews.to_deploy(aws, steps.manifest, stack, f"{ENDS_MINUTES}m", None)
    steps.commands.of([soon], aws).deploy()

    def gone() -> bool:
        state = steps.aws.stack(stack.region, stack.name)
        return state is None or state.status == previews.GONE

    steps.wait(gone, ENDS_MINUTES + REMOVING_MINUTES, f"{stack.name} is still there")
    return (
        f"answered at {url} after {seconds:.0f} s, kept a note, and ended by itself at {soon.values[previews.EXPIRES]}"
    )


def in_role(aws: Aws, stack: StackSpec) -> Aws:
    """Return AWS where CloudFormation works in the role that previews are made in."""
    return aws.in_role(previews.role_arn(aws, stack))
