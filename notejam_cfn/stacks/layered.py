"""A stage in layers: a stack for each part that changes at its own pace, connected by `Fn::GetStackOutput`."""

from __future__ import annotations

import dataclasses

from troposphere import GetStackOutput

from ..application import COUNTED_RULES, IN_FRONT, QUERIES, add_application, charts
from ..components.backup.backups import Backups, add_backups
from ..components.backup.cross_region import CrossRegionBackup, add_cross_region_backup
from ..components.containers.cluster import add_cluster
from ..components.containers.outputs import Service
from ..components.containers.service import add_service
from ..components.data.database import Database, add_database
from ..components.data.encryption import Encryption, add_encryption
from ..components.edge.access_log import add_access_log
from ..components.edge.edge import Edge, add_edge, needs_edge
from ..components.load_balancing.load_balancer import LoadBalancer, add_load_balancer
from ..components.network.vpc import Network, add_network, called_services
from ..components.observability.alarm_topic import AlarmTopic, add_alarm_topic
from ..components.observability.monitoring import MonitoredResources, add_monitoring
from ..config.settings import Stage
from ..core import cloudfront, names
from ..core.stack_outputs import publish
from .previews import preview_layers, preview_stack
from .stack import LAYERED, Stack, stack_of_stage


def layered_stacks(stage: Stage) -> list[Stack]:
    """Compose the stage's layers. Each is given what the layers before it publish, so their order is the graph."""
    network_stack, base = network_layer(stage)
    database_stack, database = database_layer(stage, network_stack, base)
    copies_stack, copies = copies_layer(stage)
    below = (network_stack, database_stack)
    backups_stack, backups = backups_layer(stage, below + copies_stack, base, database, copies)
    edge_stack, edge = edge_layer(stage)
    service_stack, load_balancer, service = service_layer(stage, below + edge_stack, base, database, edge)
    subjects = MonitoredResources(base.network, database, backups, load_balancer, service)
    monitoring_stack = monitoring_layer(stage, (*below, backups_stack, service_stack), base, subjects)
    return [
        *edge_stack,
        network_stack,
        database_stack,
        *copies_stack,
        backups_stack,
        service_stack,
        monitoring_stack,
        *edge_log_layer(stage, service_stack),
        *preview_layers(stage, below + edge_stack, service_stack, base.encryption),
        *([preview_stack(stage, service_stack)] if stage.allows_previews else []),
    ]


@dataclasses.dataclass(frozen=True)
class SharedOutputs:
    """What every layer stands on."""

    encryption: Encryption
    notifications: AlarmTopic
    network: Network


def network_layer(stage: Stage) -> tuple[Stack, SharedOutputs]:
    """Compose what rarely changes: the key, the network and whom the stage tells."""
    architecture = "A VPC with public, private and isolated subnets in its zones."
    stack = stack_of_stage(stage, LAYERED, names.NETWORK, "network and key", architecture)
    template = stack.template
    encryption = add_encryption(template, stage.encryption)
    notifications = add_alarm_topic(template, stage.monitoring, encryption)
    network = add_network(template, stage.network, encryption, called_services(stage.service))
    base = SharedOutputs(
        publish(template, stack.name, encryption),
        publish(template, stack.name, notifications),
        publish(template, stack.name, network),
    )
    return stack, base


def database_layer(stage: Stage, below: Stack, base: SharedOutputs) -> tuple[Stack, Database]:
    """Compose what holds data."""
    architecture = "An Aurora cluster in isolated subnets, reached only by its clients."
    stack = stack_of_stage(stage, LAYERED, "database", "database", architecture, [below])
    database = add_database(stack.template, stage.database, base.network, base.encryption)
    return stack, publish(stack.template, stack.name, database)


def copies_layer(stage: Stage) -> tuple[tuple[Stack, ...], CrossRegionBackup | None]:
    """Compose what is kept in a second region, where one is configured."""
    region = stage.backups.copy_region
    if not region:
        return (), None
    architecture = "A vault in a second region for copies of the snapshots."
    stack = stack_of_stage(stage, LAYERED, "copies", "copies of backups", architecture, region=region)
    copies = add_cross_region_backup(stack.template, stage.backups, stage.encryption.key_deletion_days)
    return (stack,), publish(stack.template, stack.name, copies, region)


def backups_layer(
    stage: Stage, below: tuple[Stack, ...], base: SharedOutputs, database: Database, copies: CrossRegionBackup | None
) -> tuple[Stack, Backups]:
    """Compose what outlives the database."""
    architecture = "A vault of snapshots, and a bucket of exports that archives them."
    stack = stack_of_stage(stage, LAYERED, "backups", "backups", architecture, below)
    template = stack.template
    backups = add_backups(template, stage.backups_in_region, base.encryption, database, base.notifications, copies)
    return stack, publish(template, stack.name, backups)


def edge_layer(stage: Stage) -> tuple[tuple[Stack, ...], Edge | None]:
    """Compose what CloudFront only takes from one region, where a stage has something of it; None is without."""
    if not stage.behind_cdn:
        return (), None
    if not needs_edge(stage):
        return (), Edge(certificate_arn=stage.load_balancer.certificate_arn or None)
    what, architecture = "certificate and firewall", "What CloudFront takes from us-east-1 only."
    stack = stack_of_stage(stage, LAYERED, names.EDGE, what, architecture, region=cloudfront.REGION)
    edge = add_edge(stack.template, stage, COUNTED_RULES)
    return (stack,), publish(stack.template, stack.name, edge, cloudfront.REGION)


def edge_log_layer(stage: Stage, service: Stack) -> tuple[Stack, ...]:
    """Compose the log of CloudFront's requests, where it is asked for: after the distribution, and in one region."""
    if not (stage.behind_cdn and stage.cdn.access_log):
        return ()
    what, architecture = "log of CloudFront", "What CloudFront logs of requests, from us-east-1 only."
    stack = stack_of_stage(stage, LAYERED, names.EDGE_LOG, what, architecture, [service], cloudfront.REGION)
    name = names.output("distribution_id")
    add_access_log(stack.template, stage, GetStackOutput(StackName=service.name, OutputName=name, Region=stage.region))
    return (stack,)


def service_layer(
    stage: Stage, below: tuple[Stack, ...], base: SharedOutputs, database: Database, edge: Edge | None
) -> tuple[Stack, LoadBalancer, Service]:
    """Compose what changes with every release: the way in and the containers."""
    architecture = "A load balancer in front of Fargate tasks that scale with traffic."
    stack = stack_of_stage(stage, LAYERED, "service", "service", architecture, below)
    template = stack.template
    encryption, network = base.encryption, base.network
    load_balancer = add_load_balancer(template, stage.load_balancer, network, encryption, edge, IN_FRONT)
    load_balancer = dataclasses.replace(load_balancer, shared=stage.allows_previews)
    cluster = add_cluster(template, stage.cluster, encryption)
    application = add_application(template, stage, network, encryption, database, load_balancer)
    service = add_service(template, stage.service, network, encryption, cluster, load_balancer, application)
    return stack, publish(template, stack.name, load_balancer), publish(template, stack.name, service)


def monitoring_layer(
    stage: Stage, below: tuple[Stack, ...], base: SharedOutputs, subjects: MonitoredResources
) -> Stack:
    """Compose what watches the others."""
    architecture = "Alarms, a dashboard, saved queries and a budget."
    stack = stack_of_stage(stage, LAYERED, "monitoring", "monitoring", architecture, below)
    settings = stage.monitoring_in_region
    add_monitoring(stack.template, settings, base.notifications, subjects, QUERIES, charts(stage))
    return stack
