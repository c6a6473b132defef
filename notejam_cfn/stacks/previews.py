"""What previews take of a stage, as layers of it, and the template that each preview is made from."""

from __future__ import annotations

import dataclasses
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
from ..core.template import Template
from ..iam.preview_policies import TAG
from .stack import LAYERED, PREVIEW, Stack, stack_of_stage

# As many distributions as fit what CloudFormation takes of a template in a request, beside what the first stack holds
# besides; those of four stacks share a VPC origin with the stage's own.
IN_A_STACK, ON_STAGES_ORIGIN = 11, 44


def preview_layers(stage: Stage, service: Stack, encryption: Encryption) -> list[Stack]:
    """Compose what previews share: their images and addresses; the stage's service drops their databases."""
    if not stage.allows_previews:
        return []
    own = service_of(stage, service)
    allow_logging(service.template, own)
    add_dropping(service.template, own, DROP_PREVIEW)
    lender = Lender(service.template, service.name)
    stacks = [addresses_layer(stage, service, lender, first) for first in range(1, stage.previews.most + 1, IN_A_STACK)]
    shared = stacks[0].template
    uri = add_preview_images(shared, encryption)
    shared.add_output_for_people("ImagesUri", uri, "Push images of previews here")
    listener_arn = lender.seen(service.template.resources["HttpListener"].ref())
    add_ended_page(shared, listener_arn)
    add_waking(shared, sleepers_of(stage, lender, own), encryption, listener_arn)
    return stacks


def sleepers_of(stage: Stage, lender: Lender, own: ecs.Service) -> Sleepers:
    """Return what sleeps behind the stage's load balancer."""
    title = f"{stage.service.name}ServiceName"
    return Sleepers(
        cluster_name=lender.seen(own.Cluster),
        service=f"{lender.stack_name}-{own.title}-",
        service_parameter=f"{lender.stack_name}-{lender.template.resources[title].title}",
        preview=f"{names.preview_template(stage.project, stage.name)}-",
    )


def addresses_layer(stage: Stage, service: Stack, lender: Lender, first: int) -> Stack:
    """Compose some of the addresses, counted from 1."""
    last = min(stage.previews.most, first + IN_A_STACK - 1)
    template = Template(
        f"{stage.project} {stage.name}: addresses of previews",
        tags=stage.tags,
        architecture="CloudFront distributions in front of the stage's load balancer, one for each preview.",
    )
    numbers = [FIRST_PRIORITY - 1 + each for each in range(first, last + 1)]
    add_addresses(template, lender, numbers, own_origin=first > ON_STAGES_ORIGIN)
    layer = names.previews(1 + first // IN_A_STACK)
    return stack_of_stage(stage, LAYERED, layer, template, depends_on=(*service.depends_on, service.name))


def preview_stack(stage: Stage, service: Stack) -> Stack:
    """Compose the template of previews; no stack has its name, which each preview extends by its own."""
    template = Template(
        f"{stage.project} {stage.name}: a preview",
        tags=stage.tags,
        architecture="One task beside the stage's own, at an address and with a database of its own, for some hours.",
    )
    name: Any = Ref(NAME)
    template.stack_tags[TAG] = name
    add_preview(template, stage, Lender(service.template, service.name), preview_environment)
    stack = stack_of_stage(stage, PREVIEW, TAG, template)
    return dataclasses.replace(stack, termination_protection=False)


def service_of(stage: Stage, service: Stack) -> ecs.Service:
    """Return the stage's own service."""
    found = service.template.resources[f"{stage.service.name}Service"]
    assert isinstance(found, ecs.Service)
    return found
