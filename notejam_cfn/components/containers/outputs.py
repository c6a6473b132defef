"""What services, workers and jobs return for alarms, dashboards and whoever builds on them.

Before the first release there is no service: names are then `none`, as are a load balancer's where there is none.
"""

from __future__ import annotations

import dataclasses

from ...core.inputs import Inputs
from ...core.values import Value, described

NONE = "none"


@dataclasses.dataclass(frozen=True)
class Service(Inputs):
    """A service. `name` is what its logical IDs begin with, `balanced` whether it stands behind a load balancer.

    `sleeps` says that no task may run while nobody asks, so that a request which meets none is no outage.
    """

    cluster_name: Value = described("Cluster the containers run in")
    service_name: Value = described("Service, or none before the first release")
    target_group_full_name: Value = described("Tasks behind the load balancer, as metrics name them")
    load_balancer_full_name: Value = described("Load balancer, as metrics name it")
    log_group_name: Value = described("Log group of the containers")
    task_security_group_id: Value = described("Security group of the tasks")
    task_role_arn: Value = described("Role that the application has")
    execution_role_arn: Value = described("Role that ECS starts tasks in")
    internal_url: Value | None = described("Address that connected services call", default=None)
    name: str = "Web"
    port: int = 8080
    sleeps: bool = False
    balanced: bool = True


@dataclasses.dataclass(frozen=True)
class Worker(Inputs):
    """A service that takes work from a queue."""

    cluster_name: Value = described("Cluster the containers run in")
    service_name: Value = described("Worker, or none before the first release")
    log_group_name: Value = described("Log group of the containers")
    task_security_group_id: Value = described("Security group of the tasks")
    task_role_arn: Value = described("Role that the application has")
    execution_role_arn: Value = described("Role that ECS starts tasks in")
    name: str = "Worker"


@dataclasses.dataclass(frozen=True)
class Job(Inputs):
    """A task that runs by the clock."""

    cluster_name: Value = described("Cluster the containers run in")
    log_group_name: Value = described("Log group of the containers")
    task_security_group_id: Value = described("Security group of the tasks")
    task_role_arn: Value = described("Role that the application has")
    execution_role_arn: Value = described("Role that ECS starts tasks in")
    dead_letters_url: Value = described("Queue of runs that could not be started")
    name: str = "Job"
