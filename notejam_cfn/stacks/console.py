"""A whole stage in one template, for someone who uploads it in the CloudFormation console."""

from __future__ import annotations

from ..application import IN_FRONT, QUERIES, add_application, charts
from ..components.backup.backups import add_backups
from ..components.backup.cross_region import copies_elsewhere
from ..components.containers.cluster import add_cluster
from ..components.containers.service import add_service
from ..components.data.database import add_database
from ..components.data.encryption import add_encryption
from ..components.edge.edge import edge_elsewhere
from ..components.load_balancing.load_balancer import add_load_balancer
from ..components.network.vpc import add_network, called_services
from ..components.observability.alarm_topic import add_alarm_topic
from ..components.observability.monitoring import MonitoredResources, add_monitoring
from ..config.settings import Stage
from .stack import CONSOLE, Stack, stack_of_stage

ARCHITECTURE = (
    "People reach an Application Load Balancer, over CloudFront where that can reach one; it sends requests to Fargate "
    "tasks in private subnets of three zones, which keep notes in an Aurora Serverless PostgreSQL cluster in isolated "
    "subnets."
)


def console_stack(stage: Stage) -> Stack:
    """Compose the stage's components into one template."""
    stack = stack_of_stage(stage, CONSOLE, "console", "the whole stage in one stack", ARCHITECTURE)
    template = stack.template
    encryption = add_encryption(template, stage.encryption)
    notifications = add_alarm_topic(template, stage.monitoring, encryption)
    network = add_network(template, stage.network, encryption, called_services(stage.service))
    database = add_database(template, stage.database, network, encryption)
    copies = copies_elsewhere(template) if stage.backups.copy_region else None
    backups = add_backups(template, stage.backups_in_region, encryption, database, notifications, copies)
    edge = edge_elsewhere(template, stage) if stage.behind_cdn else None
    load_balancer = add_load_balancer(template, stage.load_balancer, network, encryption, edge, IN_FRONT)
    cluster = add_cluster(template, stage.cluster, encryption)
    application = add_application(template, stage, network, encryption, database, load_balancer)
    service = add_service(template, stage.service, network, encryption, cluster, load_balancer, application)
    watched = MonitoredResources(network, database, backups, load_balancer, service)
    add_monitoring(template, stage.monitoring_in_region, notifications, watched, QUERIES, charts(stage))
    return stack
