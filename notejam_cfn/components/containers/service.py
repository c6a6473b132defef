"""A service: containers on Fargate behind the load balancer, in the number that traffic asks for."""

from __future__ import annotations

import dataclasses

from troposphere import If, Parameter, cloudwatch, ec2, ecs, ssm
from troposphere import elasticloadbalancingv2 as elb

from ...config.settings import IMAGE_PATTERN, ServiceSettings
from ...core.inputs import Inputs
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ..data.encryption import Encryption
from ..load_balancing.load_balancer import LoadBalancer
from ..network.security_groups import add_security_group, allow_from_group, allow_to_internet
from ..network.vpc import Network
from ..observability.log_groups import add_log_group
from .cluster import Cluster
from .scaling import ScalingTarget, add_scaling
from .task_definition import TaskContext, TaskOptions, add_task_definition, container_name

RELEASE = "Release"
# A target group's port is used only for targets registered without one. Source: Elastic Load Balancing API Reference,
# "CreateTargetGroup".
REGISTERED_WITH_ANOTHER = 80
HTTPS = 443
DUAL_STACK_HOST = "ACCOUNT.dkr-ecr.REGION.on.aws"
NONE = "none"
HELD_NAME = "Says what to watch, and before the first release that there is nothing yet."
WATCHED_BY_ECS = Suppression(
    reason="ECS watches this alarm during a deployment and rolls back; the stage's other alarms tell people.",
    risk="None: an action would only repeat, outside deployments, what the stage's alarms say.",
    guard=("cloudwatch_alarm_action_check",),
)


@dataclasses.dataclass(frozen=True)
class Service(Inputs):
    """What alarms and dashboards watch. Before the first release there is no service: names are then `none`.

    `sleeps` says that no task may run while nobody asks, so that a request which meets none is no outage.
    """

    cluster_name: Value = described("Cluster the containers run in")
    service_name: Value = described("Service, or none before the first release")
    target_group_full_name: Value = described("Tasks behind the load balancer, as metrics name them")
    load_balancer_full_name: Value = described("Load balancer, as metrics name it")
    log_group_name: Value = described("Log group of the containers")
    sleeps: bool = False


@component("service")
def add_service(
    template: Template,
    settings: ServiceSettings,
    network: Network,
    encryption: Encryption,
    cluster: Cluster,
    load_balancer: LoadBalancer,
    application: TaskOptions,
) -> Service:
    """Add a service with everything that is only its own.

    Without an image nothing runs and nothing waits: the service, its scaling and its place behind the load balancer
    are made by the first deployment that names one.
    """
    image = add_image_parameter(template, settings, network)
    released = template.condition_given(image)
    logs = add_log_group(
        template, f"{settings.name}LogGroup", settings.log_retention_days, encryption, "Keeps what the containers log."
    )
    around = TaskContext(encryption, cluster, logs)
    task = add_task_definition(template, settings, application, image.ref(), around, released)
    targets = add_targets(template, settings, network, load_balancer, released)
    group = add_task_security_group(template, settings, network, load_balancer)
    alarm = add_rollback_alarm(template, settings, load_balancer, targets, released)
    place = in_private_subnets(network, group, application)
    service = add_ecs_service(template, settings, cluster, task, targets, place, alarm, released)
    scaled = ScalingTarget(
        cluster.name, service.get_att("Name"), load_balancer.full_name, targets.get_att("TargetGroupFullName")
    )
    add_scaling(template, settings, scaled, released)
    return Service(
        cluster_name=cluster.name,
        service_name=add_released_name(template, f"{settings.name}ServiceName", service.get_att("Name"), released),
        target_group_full_name=add_released_name(
            template, f"{settings.name}TargetGroupName", targets.get_att("TargetGroupFullName"), released
        ),
        load_balancer_full_name=load_balancer.full_name,
        log_group_name=logs.ref(),
        sleeps=settings.sleep_after_minutes > 0,
    )


def add_released_name(template: Template, title: str, name: Value, released: str) -> Value:
    """Keep a name in a parameter that is always there: `none` before the first release, when nothing has it.

    An output cannot choose itself: cloudformation-validate takes what hangs on a condition for missing there (W1001).
    """
    held = ssm.Parameter(title, Type="String", Value=If(released, name, NONE))
    return template.add(held, why=HELD_NAME).get_att("Value")


def add_ecs_service(
    template: Template,
    settings: ServiceSettings,
    cluster: Cluster,
    task: ecs.TaskDefinition,
    targets: elb.TargetGroup,
    place: ecs.NetworkConfiguration,
    alarm: cloudwatch.Alarm,
    condition: str,
) -> ecs.Service:
    """Add the service proper. How many tasks it runs is scaling's to say."""
    behind = ecs.LoadBalancer(
        ContainerName=container_name(settings), ContainerPort=settings.port, TargetGroupArn=targets.ref()
    )
    return template.add(
        ecs.Service(
            f"{settings.name}Service",
            Cluster=cluster.name,
            TaskDefinition=task.ref(),
            CapacityProviderStrategy=capacity_strategy(settings),
            NetworkConfiguration=place,
            LoadBalancers=[behind],
            HealthCheckGracePeriodSeconds=120,
            DeploymentConfiguration=rolling_deployment(alarm),
            AvailabilityZoneRebalancing="ENABLED",
            EnableECSManagedTags=True,
            EnableExecuteCommand=settings.exec_access,
            PropagateTags="SERVICE",
            DependsOn=f"{settings.name}ListenerRule",
            Condition=condition,
        ),
        why="Keeps healthy containers running in all zones and replaces them without downtime.",
    )


def add_image_parameter(template: Template, settings: ServiceSettings, network: Network) -> Parameter:
    """Let a release choose the image without a new template. Empty is a stage before its first release.

    ECR answers over IPv6 only under its dual-stack names, so a network without IPv4 refuses the others at once.
    Source: Amazon ECS Developer Guide, "Using a VPC in IPv6-only mode".
    """
    prefix = "" if settings.name == "Web" else settings.name
    refused, host = ("(?!.*[.]dkr[.]ecr[.])", DUAL_STACK_HOST) if network.ipv6_only_tasks else ("", "REGISTRY")
    return template.add_parameter_in(
        RELEASE,
        f"Container image{' of ' + prefix if prefix else ''}",
        f"{prefix}ImageUri",
        Type="String",
        Default=settings.image,
        AllowedPattern=f"|{refused}{IMAGE_PATTERN}",
        ConstraintDescription=f"empty, or an image such as {host}/REPOSITORY@sha256:DIGEST",
        Description=(
            f"The image to run, such as {host}/REPOSITORY@sha256:DIGEST. "
            "Leave it empty at first: the stage then waits for its first release."
        ),
    )


def add_targets(
    template: Template,
    settings: ServiceSettings,
    network: Network,
    load_balancer: LoadBalancer,
    condition: str,
) -> elb.TargetGroup:
    """Add the group of tasks and the rule that sends them their requests.

    ECS registers each task with the container's port, so the group's own is one that never changes: changing it would
    replace the group, and send people to an empty one. A new task is in service after two checks, 10 seconds apart; a
    stopped one has 20 seconds to finish its requests: deployments are as fast as that allows.
    """
    targets = template.add(
        elb.TargetGroup(
            f"{settings.name}Targets",
            VpcId=network.vpc_id,
            TargetType="ip",
            IpAddressType="ipv6" if network.ipv6_only_tasks else "ipv4",
            Protocol="HTTP",
            Port=REGISTERED_WITH_ANOTHER,
            HealthCheckPath=settings.health_path,
            HealthCheckIntervalSeconds=10,
            HealthCheckTimeoutSeconds=5,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=3,
            Matcher=elb.Matcher(HttpCode="200"),
            TargetGroupAttributes=[
                elb.TargetGroupAttribute(
                    Key="deregistration_delay.timeout_seconds", Value=str(settings.deregistration_seconds)
                ),
                elb.TargetGroupAttribute(Key="load_balancing.algorithm.type", Value="least_outstanding_requests"),
            ],
            Condition=condition,
        ),
        why="Knows the healthy tasks that may get requests.",
    )
    template.add(
        elb.ListenerRule(
            f"{settings.name}ListenerRule",
            ListenerArn=load_balancer.listener_arn,
            Priority=settings.priority,
            Conditions=[
                elb.Condition(
                    Field="path-pattern", PathPatternConfig=elb.PathPatternConfig(Values=[settings.path_pattern])
                )
            ],
            Actions=[elb.ListenerRuleAction(Type="forward", TargetGroupArn=targets.ref())],
            Condition=condition,
        ),
        why="Sends the service its requests.",
    )
    return targets


def add_task_security_group(
    template: Template, settings: ServiceSettings, network: Network, load_balancer: LoadBalancer
) -> ec2.SecurityGroup:
    """Add the group of the tasks: in only from the load balancer, out only over HTTPS."""
    group = add_security_group(
        template,
        f"{settings.name}SecurityGroup",
        network.vpc_id,
        "Tasks: in from the load balancer, out over HTTPS",
        "Closes the tasks to everything but the load balancer.",
    )
    allow_from_group(
        template,
        f"{settings.name}Requests",
        load_balancer.security_group_id,
        group.get_att("GroupId"),
        settings.port,
        "requests from the load balancer",
    )
    allow_to_internet(
        template,
        f"{settings.name}Calls",
        group.get_att("GroupId"),
        HTTPS,
        network.dual_stack,
        "calls to AWS services over HTTPS",
    )
    return group


def in_private_subnets(
    network: Network, group: ec2.SecurityGroup, application: TaskOptions
) -> ecs.NetworkConfiguration:
    """Place tasks in the private subnets, wearing their own group and those the application needs."""
    return ecs.NetworkConfiguration(
        AwsvpcConfiguration=ecs.AwsvpcConfiguration(
            AssignPublicIp="DISABLED",
            Subnets=list(network.private_subnet_ids),
            SecurityGroups=[group.get_att("GroupId"), *application.security_group_ids],
        )
    )


def capacity_strategy(settings: ServiceSettings) -> list[ecs.CapacityProviderStrategyItem]:
    """Run the first tasks on demand, and of the others a share on Spot, which costs about a third."""
    on_demand = ecs.CapacityProviderStrategyItem(CapacityProvider="FARGATE", Weight=100 - settings.spot_percent)
    if settings.fargate_base:
        on_demand.Base = settings.fargate_base
    spot = ecs.CapacityProviderStrategyItem(CapacityProvider="FARGATE_SPOT", Weight=settings.spot_percent)
    return [item for item in (on_demand, spot) if item.Weight or "Base" in item.properties]


def rolling_deployment(alarm: cloudwatch.Alarm) -> ecs.DeploymentConfiguration:
    """Start new tasks before old ones stop; go back when they do not get healthy or errors rise."""
    return ecs.DeploymentConfiguration(
        Strategy="ROLLING",
        MinimumHealthyPercent=100,
        MaximumPercent=200,
        DeploymentCircuitBreaker=ecs.DeploymentCircuitBreaker(Enable=True, Rollback=True),
        Alarms=ecs.DeploymentAlarms(Enable=True, Rollback=True, AlarmNames=[alarm.ref()]),
    )


def add_rollback_alarm(
    template: Template,
    settings: ServiceSettings,
    load_balancer: LoadBalancer,
    targets: elb.TargetGroup,
    condition: str,
) -> cloudwatch.Alarm:
    """Add the alarm that takes a deployment back: answers with 5xx in two of three minutes."""
    return template.add(
        cloudwatch.Alarm(
            f"{settings.name}DeploymentErrors",
            AlarmDescription="Tasks answer with errors (5xx): a deployment in progress is taken back.",
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_Target_5XX_Count",
            Dimensions=[
                cloudwatch.MetricDimension(Name="LoadBalancer", Value=load_balancer.full_name),
                cloudwatch.MetricDimension(Name="TargetGroup", Value=targets.get_att("TargetGroupFullName")),
            ],
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
