"""What previews take of a stage, as layers of it, and the template that each preview is made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from troposphere import Ref, ecs

from ..application import DROP_PREVIEW, preview_environment
from ..components.data.encryption import Encryption
from ..components.previews.addresses import add_addresses, add_ended_page
from ..components.previews.borrowing import Lender
from ..components.previews.ending import add_dropping, allow_logging
from ..components.previews.images import add_preview_images
from ..components.previews.preview import NAME, add_preview
from ..components.previews.waking import Sleepers, add_waking
from ..config.settings import Stage
from ..config.settings.previews import FIRST_PRIORITY
from ..core import names
from ..iam.preview_policies import TAG
from .stack import LAYERED, PREVIEW, Stack, stack_of_stage

# As many distributions as fit what CloudFormation takes of a template in a request, beside what the first stack holds
# besides; those of four stacks share a VPC origin with the stage's own.
IN_A_STACK, ON_STAGES_ORIGIN = 11, 44


def preview_layers(stage: Stage, below: Sequence[Stack], service: Stack, encryption: Encryption) -> list[Stack]:
    """Compose what previews share: their images and addresses; the stage's service drops their databases.

    `below` are the layers that stand under the service.
    """
    if not stage.allows_previews:
        return []
    own = service.template.resources[f"{stage.service.name}Service"]
    assert isinstance(own, ecs.Service)
    allow_logging(service.template, own)
    add_dropping(service.template, own, DROP_PREVIEW)
    lender = Lender(service.template, service.name)
    firsts = range(1, stage.previews.most + 1, IN_A_STACK)
    stacks = [addresses_layer(stage, [*below, service], lender, first) for first in firsts]
    shared = stacks[0].template
    uri = add_preview_images(shared, encryption)
    shared.add_output_for_people("ImagesUri", uri, "Push images of previews here")
    listener_arn = lender.seen(service.template.resources["HttpListener"].ref())
    add_ended_page(shared, listener_arn)
    asleep = Sleepers(
        cluster_name=lender.seen(own.Cluster),
        service=f"{service.name}-{own.title}-",
        service_parameter=f"{service.name}-{service.template.resources[f'{own.title}Name'].title}",
        preview=f"{names.preview_template(stage.project, stage.name)}-",
    )
    add_waking(shared, asleep, encryption, listener_arn)
    return stacks


def addresses_layer(stage: Stage, below: Sequence[Stack], lender: Lender, first: int) -> Stack:
    """Compose some of the addresses, counted from 1."""
    layer, what = names.previews(1 + first // IN_A_STACK), "addresses of previews"
    architecture = "CloudFront distributions in front of the stage's load balancer, one for each preview."
    stack = stack_of_stage(stage, LAYERED, layer, what, architecture, below)
    last = min(stage.previews.most, first + IN_A_STACK - 1)
    numbers = [FIRST_PRIORITY - 1 + each for each in range(first, last + 1)]
    add_addresses(stack.template, lender, numbers, own_origin=first > ON_STAGES_ORIGIN)
    return stack


def preview_stack(stage: Stage, service: Stack) -> Stack:
    """Compose the template of previews; no stack has its name, which each preview extends by its own."""
    architecture = "One task beside the stage's own, at an address and with a database of its own, for some hours."
    stack = stack_of_stage(stage, PREVIEW, TAG, "a preview", architecture)
    name: Any = Ref(NAME)
    stack.template.stack_tags[TAG] = name
    add_preview(stack.template, stage, Lender(service.template, service.name), preview_environment)
    return dataclasses.replace(stack, termination_protection=False)
