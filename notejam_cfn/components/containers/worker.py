"""A worker: containers on Fargate that take work from a queue, in the number that there is work for."""

from __future__ import annotations

import dataclasses

from ...config.settings import WorkerSettings
from ...core.inputs import InvalidInput
from ...core.template import Template, component
from ...iam import workload_policies
from ..data.encryption import Encryption
from ..network.vpc import Network
from . import service_connect
from .cluster import Cluster
from .options import TaskOptions
from .outputs import Worker
from .queue import Queue
from .queue_scaling import add_queue_scaling
from .service import add_released_name, described_service
from .service_connect import Connect
from .task import add_task, add_task_security_group, in_private_subnets

QUEUE_URL = "QUEUE_URL"


@component("worker")
def add_worker(
    template: Template,
    settings: WorkerSettings,
    queue: Queue,
    network: Network,
    encryption: Encryption,
    cluster: Cluster,
    application: TaskOptions,
    connect: Connect | None = None,
) -> Worker:
    """Add a service without a load balancer that takes work from a queue, whose address it finds in `QUEUE_URL`.

    A task that is stopped has a minute to finish, and its message comes back when the queue's time for it is over. One
    that works for longer may protect itself while it does, through ECS's agent.
    Without an image nothing runs: the worker is made by the first deployment that names one.
    """
    task = add_task(template, settings, network, encryption, cluster, working(application, queue, cluster))
    group_id = add_task_security_group(template, settings, network).get_att("GroupId")
    place = in_private_subnets(network, group_id, application)
    service = described_service(settings, cluster, task, place)
    if connect is not None:
        service_connect.take_part(template, service, settings, group_id, connect, task.log_group_name)
    template.add(service, why="Keeps containers at work in all zones and replaces them one after the other.")
    name = service.get_att("Name")
    add_queue_scaling(template, settings, cluster.name, name, queue, task.released)
    return Worker(
        cluster_name=cluster.name,
        service_name=add_released_name(template, settings, "ServiceName", name, task),
        log_group_name=task.log_group_name,
        task_security_group_id=group_id,
        task_role_arn=task.task_role_arn,
        execution_role_arn=task.execution_role_arn,
        name=settings.name,
    )


def working(application: TaskOptions, queue: Queue, cluster: Cluster) -> TaskOptions:
    """Return options with the queue's address and what taking work from it needs."""
    if QUEUE_URL in application.environment:
        raise InvalidInput("environment", f"must leave {QUEUE_URL} to the worker, which finds its queue there")
    return dataclasses.replace(
        application,
        environment={**application.environment, QUEUE_URL: queue.url},
        statements=[
            *application.statements,
            *queue.receiving,
            workload_policies.allow_protecting_tasks(cluster.name),
        ],
    )
