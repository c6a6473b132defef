"""A whole stage in one template, for someone who uploads it in the CloudFormation console."""

from __future__ import annotations

from ..application import add_application
from ..components.cluster import add_cluster
from ..components.database import add_database
from ..components.encryption import add_encryption
from ..components.load_balancer import add_load_balancer
from ..components.network import add_network
from ..components.service import add_service
from ..settings import Stage
from ..template import Template
from .stack import CONSOLE, Stack, stack_of_stage

ARCHITECTURE = (
    "People reach an Application Load Balancer in public subnets; it sends requests to Fargate tasks in private "
    "subnets of three zones, which keep notes in an Aurora Serverless PostgreSQL cluster in isolated subnets."
)


def console_stack(stage: Stage) -> Stack:
    """Compose the stage's components into one template."""
    template = Template(
        f"{stage.project} {stage.name}: the whole stage in one stack", tags=stage.tags, architecture=ARCHITECTURE
    )
    encryption = add_encryption(template, stage.encryption)
    network = add_network(template, stage.network, encryption)
    database = add_database(template, stage.database, network, encryption)
    load_balancer = add_load_balancer(template, stage.load_balancer, network, encryption)
    cluster = add_cluster(template, stage.cluster, encryption)
    application = add_application(template, stage, network, encryption, database, load_balancer)
    add_service(template, stage.service, network, encryption, cluster, load_balancer, application)
    return stack_of_stage(stage, CONSOLE, "console", template)
