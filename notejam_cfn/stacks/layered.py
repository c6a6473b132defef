"""A stage in layers: a stack for each part that changes at its own pace, connected by `Fn::GetStackOutput`."""

from __future__ import annotations

from ..application import add_application
from ..components.cluster import add_cluster
from ..components.database import Database, add_database
from ..components.encryption import Encryption, add_encryption
from ..components.load_balancer import add_load_balancer
from ..components.network import Network, add_network
from ..components.service import add_service
from ..settings import Stage
from ..template import Template
from ..wiring import publish
from .stack import LAYERED, Stack, stack_of_stage


def layered_stacks(stage: Stage) -> list[Stack]:
    """Compose the stage's layers. Each is given what the layers before it publish, so their order is the graph."""
    network_stack, encryption, network = network_layer(stage)
    database_stack, database = database_layer(stage, network_stack, encryption, network)
    service_stack = service_layer(stage, (network_stack, database_stack), encryption, network, database)
    return [network_stack, database_stack, service_stack]


def network_layer(stage: Stage) -> tuple[Stack, Encryption, Network]:
    """Compose what rarely changes: the key and the network."""
    template = layer_template(stage, "network and key", "A VPC with public, private and isolated subnets in its zones.")
    stack = stack_of_stage(stage, LAYERED, "network", template)
    encryption = add_encryption(template, stage.encryption)
    network = add_network(template, stage.network, encryption)
    return stack, publish(template, stack.name, encryption), publish(template, stack.name, network)


def database_layer(stage: Stage, below: Stack, encryption: Encryption, network: Network) -> tuple[Stack, Database]:
    """Compose what holds data."""
    template = layer_template(stage, "database", "An Aurora cluster in isolated subnets, reached only by its clients.")
    stack = stack_of_stage(stage, LAYERED, "database", template, depends_on=(below.name,))
    database = add_database(template, stage.database, network, encryption)
    return stack, publish(template, stack.name, database)


def service_layer(
    stage: Stage, below: tuple[Stack, ...], encryption: Encryption, network: Network, database: Database
) -> Stack:
    """Compose what changes with every release: the load balancer and the containers."""
    template = layer_template(stage, "service", "A load balancer in front of Fargate tasks that scale with traffic.")
    load_balancer = add_load_balancer(template, stage.load_balancer, network, encryption)
    cluster = add_cluster(template, stage.cluster, encryption)
    application = add_application(template, stage, network, encryption, database, load_balancer)
    add_service(template, stage.service, network, encryption, cluster, load_balancer, application)
    return stack_of_stage(stage, LAYERED, "service", template, depends_on=tuple(stack.name for stack in below))


def layer_template(stage: Stage, what: str, architecture: str) -> Template:
    """Start the template of a layer."""
    return Template(f"{stage.project} {stage.name}: {what}", tags=stage.tags, architecture=architecture)
