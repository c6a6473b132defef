"""A service: containers on Fargate that answer requests, in the number that traffic asks for."""

from __future__ import annotations

from typing import Any

from troposphere import If, cloudwatch, ecs, ssm

from ...config.settings import ServiceSettings, TaskSettings
from ...core import names
from ...core.inputs import InvalidInput
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value
from ..data.encryption import Encryption
from ..load_balancing.load_balancer import LoadBalancer
from ..load_balancing.targets import Targets, add_targets
from ..network.vpc import Network
from . import service_connect
from .cluster import Cluster
from .options import TaskOptions
from .outputs import NONE, Service
from .scaling import add_scaling
from .service_connect import Connect
from .task import Task, add_task, add_task_security_group, capacity_strategy, in_private_subnets
from .task_definition import container_name

HELD_NAME = "Says what to watch, and before the first release that there is nothing yet."
START_SECONDS = 120
WATCHED_BY_ECS = Suppression(
    reason="ECS watches this alarm during a deployment and rolls back; the stage's other alarms tell people.",
    risk="None: an action would only repeat, outside deployments, what the stage's alarms say.",
    guard=("cloudwatch_alarm_action_check",),
)


@component("service")
def add_service(
    template: Template,
    settings: ServiceSettings,
    network: Network,
    encryption: Encryption,
    cluster: Cluster,
    load_balancer: LoadBalancer | None,
    application: TaskOptions,
    connect: Connect | None = None,
) -> Service:
    """Add a service with everything that is only its own.

    Without an image nothing runs and nothing waits: the service, its scaling and its place behind the load balancer
    are made by the first deployment that names one. Without a load balancer only other services call it, over
    `connect`; it then scales by CPU use alone and does not sleep.
    """
    refuse_unreachable(settings, load_balancer, connect)
    ports = [service_connect.port_mapping(settings, connect)]
    task = add_task(template, settings, network, encryption, cluster, application, ports)
    targets = admitted = None
    if load_balancer is not None:
        targets = add_targets(template, settings, network, load_balancer, task.released)
        admitted = (load_balancer.security_group_id, settings.port)
    group_id = add_task_security_group(template, settings, network, admitted).get_att("GroupId")
    alarm = add_rollback_alarm(template, settings, targets, task.released) if targets else None
    place = in_private_subnets(network, group_id, application)
    behind = behind_load_balancer(settings, targets) if targets else {}
    service = described_service(settings, cluster, task, place, alarm, **behind)
    if connect is not None:
        service_connect.take_part(template, service, settings, group_id, connect, task.log_group_name)
    template.add(service, why="Keeps healthy containers running in all zones and replaces them without downtime.")
    name = service.get_att("Name")
    add_scaling(template, settings, cluster.name, name, targets, task.released)
    service_name = add_released_name(template, settings, "ServiceName", name, task)
    targets_name: Value = NONE
    if targets is not None:
        targets_name = add_released_name(template, settings, "TargetGroupName", targets.group_full_name, task)
    return Service(
        cluster_name=cluster.name,
        service_name=service_name,
        target_group_full_name=targets_name,
        load_balancer_full_name=targets.balancer_full_name if targets else NONE,
        log_group_name=task.log_group_name,
        task_security_group_id=group_id,
        task_role_arn=task.task_role_arn,
        execution_role_arn=task.execution_role_arn,
        internal_url=service_connect.internal_url(settings, connect) if connect else None,
        name=settings.name,
        port=settings.port,
        sleeps=settings.sleep_after_minutes > 0,
        balanced=targets is not None,
    )


def refuse_unreachable(settings: ServiceSettings, load_balancer: LoadBalancer | None, connect: Connect | None) -> None:
    """Raise `InvalidInput` for a service that nobody could call, or that could sleep and never be woken."""
    if load_balancer is not None:
        return
    if connect is None:
        raise InvalidInput("load_balancer", f"is needed, or connect, so that somebody can call {settings.name}")
    if settings.sleep_after_minutes:
        raise InvalidInput("sleep_after_minutes", "needs a load balancer, whose refusals wake the service again")


def add_released_name(template: Template, settings: TaskSettings, what: str, name: Value, task: Task) -> Value:
    """Keep a name in a parameter that is always there: `none` before the first release, when nothing has it.

    An output cannot choose itself: cloudformation-validate takes what hangs on a condition for missing there (W1001).
    """
    title = f"{settings.name}{what}"
    held = ssm.Parameter(title, Name=names.of_stack(f"-{title}"), Type="String", Value=If(task.released, name, NONE))
    return template.add(held, why=HELD_NAME).get_att("Value")


def described_service(
    settings: TaskSettings,
    cluster: Cluster,
    task: Task,
    place: ecs.NetworkConfiguration,
    alarm: cloudwatch.Alarm | None = None,
    **behind: Any,
) -> ecs.Service:
    """Describe a service that starts new tasks before old ones stop. How many it runs is scaling's to say.

    A deployment goes back when its tasks do not get healthy, or when the alarm is raised.
    """
    rolling = ecs.DeploymentConfiguration(
        Strategy="ROLLING",
        MinimumHealthyPercent=100,
        MaximumPercent=200,
        DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(Enable=True, Rollback=True),
    )
    if alarm is not None:
        rolling.Alarms = ecs.DeploymentAlarms(Enable=True, Rollback=True, AlarmNames=[alarm.ref()])
    return ecs.Service(
        f"{settings.name}Service",
        Cluster=cluster.name,
        TaskDefinition=task.definition_arn,
        CapacityProviderStrategy=capacity_strategy(settings),
        NetworkConfiguration=place,
        **behind,
        DeploymentConfiguration=rolling,
        AvailabilityZoneRebalancing="ENABLED",
        EnableECSManagedTags=True,
        EnableExecuteCommand=settings.exec_access,
        PropagateTags="SERVICE",
        Condition=task.released,
    )


def behind_load_balancer(settings: ServiceSettings, targets: Targets) -> dict[str, Any]:
    """Return the properties of a service that say how it stands behind a load balancer."""
    place = ecs.LoadBalancer(
        ContainerName=container_name(settings), ContainerPort=settings.port, TargetGroupArn=targets.group.ref()
    )
    return {
        "LoadBalancers": [place],
        "HealthCheckGracePeriodSeconds": START_SECONDS,
        "DependsOn": f"{settings.name}ListenerRule",
    }


def add_rollback_alarm(
    template: Template, settings: ServiceSettings, targets: Targets, condition: str
) -> cloudwatch.Alarm:
    """Add the alarm that takes a deployment back: answers with 5xx in two of three minutes."""
    return template.add(
        cloudwatch.Alarm(
            f"{settings.name}DeploymentErrors",
            AlarmDescription="Tasks answer with errors (5xx): a deployment in progress is taken back.",
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_Target_5XX_Count",
            Dimensions=targets.dimensions,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=3,
            DatapointsToAlarm=2,
            Threshold=5,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
            Condition=condition,
        ),
        why="Notices errors during a deployment, which ECS then takes back.",
        suppress=[WATCHED_BY_ECS],
    )
