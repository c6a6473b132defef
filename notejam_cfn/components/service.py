"""A service: containers on Fargate behind the load balancer, in the number that traffic asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from awacs.aws import Statement
from troposphere import If, Parameter, Region, cloudwatch, ec2, ecs, iam
from troposphere import elasticloadbalancingv2 as elb

from .. import policies
from ..exemptions import Exemption
from ..settings import IMAGE_PATTERN, ServiceSettings
from ..template import Template, component
from ..values import Value, described
from .cluster import Cluster
from .encryption import Encryption
from .load_balancer import LoadBalancer
from .log_groups import add_log_group
from .network import Network
from .scaling import Scaled, add_scaling
from .security_groups import add_security_group, allow_from_group, allow_to_internet
from .signposts import add_signpost

RELEASE = "Release"
HTTPS = 443
UNPRIVILEGED_USER = "10001"
STOP_SECONDS = 60
MIGRATION = "migrate"
DUAL_STACK_HOST = "ACCOUNT.dkr-ecr.REGION.on.aws"
NONE = "none"
SIGNPOST = "Says what to watch, and before the first release that there is nothing yet."
WATCHED_BY_ECS = Exemption(
    reason="ECS watches this alarm during a deployment and rolls back; the stage's other alarms tell people.",
    risk="None: an action would only repeat, outside deployments, what the stage's alarms say.",
    guard=("cloudwatch_alarm_action_check",),
)


@dataclasses.dataclass(frozen=True)
class Application:
    """What runs in the containers: how it is started, what it is told and what it may do.

    `secrets` maps a variable to what ECS reads it from: a Secrets Manager ARN, or `ARN:key::` for one key of a JSON
    secret. `secret_arns` are the secrets among them, which the task itself may read again when one was rotated.
    `prepare` is a command that must succeed before the service's own starts, such as a migration.
    """

    command: Sequence[str] = ()
    prepare: Sequence[str] = ()
    health_command: Sequence[str] = ()
    environment: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    secrets: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    secret_arns: Sequence[Value] = ()
    security_group_ids: Sequence[Value] = ()
    statements: Sequence[Statement] = ()


@dataclasses.dataclass(frozen=True)
class Service:
    """What alarms and dashboards watch. Before the first release there is no service: names are then `none`."""

    cluster_name: Value = described("Cluster the containers run in")
    service_name: Value = described("Service, or none before the first release")
    target_group_full_name: Value = described("Tasks behind the load balancer, as metrics name them")
    load_balancer_full_name: Value = described("Load balancer, as metrics name it")
    log_group_name: Value = described("Log group of the containers")


@component
def add_service(
    template: Template,
    settings: ServiceSettings,
    network: Network,
    encryption: Encryption,
    cluster: Cluster,
    load_balancer: LoadBalancer,
    application: Application,
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
    task = add_task_definition(
        template,
        settings,
        released,
        containers(settings, application, image.ref(), logs.ref()),
        execution_role=add_execution_role(template, settings, encryption, application, logs.get_att("Arn")),
        task_role=add_task_role(template, settings, encryption, cluster, application),
    )
    targets = add_targets(template, settings, network, load_balancer, released)
    group = add_task_security_group(template, settings, network, load_balancer)
    alarm = add_rollback_alarm(template, settings, load_balancer, targets, released)
    service = template.add(
        ecs.Service(
            f"{settings.name}Service",
            Cluster=cluster.name,
            TaskDefinition=task.ref(),
            CapacityProviderStrategy=capacity_strategy(settings),
            NetworkConfiguration=in_private_subnets(network, group, application),
            LoadBalancers=[
                ecs.LoadBalancer(
                    ContainerName=container_name(settings),
                    ContainerPort=settings.port,
                    TargetGroupArn=targets.ref(),
                )
            ],
            HealthCheckGracePeriodSeconds=120,
            DeploymentConfiguration=rolling_deployment(alarm),
            AvailabilityZoneRebalancing="ENABLED",
            EnableECSManagedTags=True,
            EnableExecuteCommand=settings.exec_access,
            PropagateTags="SERVICE",
            DependsOn=f"{settings.name}ListenerRule",
            Condition=released,
        ),
        why="Keeps healthy containers running in all zones and replaces them without downtime.",
    )
    scaled = Scaled(
        cluster.name, service.get_att("Name"), load_balancer.full_name, targets.get_att("TargetGroupFullName")
    )
    add_scaling(template, settings, scaled, released)
    return Service(
        cluster_name=cluster.name,
        service_name=add_signpost(
            template, f"{settings.name}ServiceName", If(released, service.get_att("Name"), NONE), SIGNPOST
        ),
        target_group_full_name=add_signpost(
            template,
            f"{settings.name}TargetGroupName",
            If(released, targets.get_att("TargetGroupFullName"), NONE),
            SIGNPOST,
        ),
        load_balancer_full_name=load_balancer.full_name,
        log_group_name=logs.ref(),
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
        Description="Image to run, best by digest. Leave it empty at first: the stage waits for its first release.",
    )


def container_name(settings: ServiceSettings) -> str:
    """Name the service's own container, which the load balancer sends requests to."""
    return settings.name.lower()


def containers(
    settings: ServiceSettings, application: Application, image: Value, log_group: Value
) -> list[ecs.ContainerDefinition]:
    """Describe the container that serves and, before it, the one that prepares."""
    serving = _container(container_name(settings), settings, application, image, log_group, application.command)
    serving.Memory = settings.memory_mib - (preparing_mib(settings) if application.prepare else 0)
    serving.PortMappings = [ecs.PortMapping(ContainerPort=settings.port, Protocol="tcp")]
    if application.health_command:
        serving.HealthCheck = ecs.HealthCheck(
            Command=["CMD", *application.health_command], Interval=15, Timeout=5, Retries=3, StartPeriod=60
        )
    if not application.prepare:
        return [serving]
    preparing = _container(MIGRATION, settings, application, image, log_group, application.prepare)
    preparing.Essential = False
    preparing.Memory = preparing_mib(settings)
    serving.DependsOn = [ecs.ContainerDependency(ContainerName=MIGRATION, Condition="SUCCESS")]
    return [preparing, serving]


def preparing_mib(settings: ServiceSettings) -> int:
    """Return the memory of the container that prepares; limits may not exceed the task's memory together."""
    return settings.memory_mib // 4


def _container(
    name: str,
    settings: ServiceSettings,
    application: Application,
    image: Value,
    log_group: Value,
    command: Sequence[str],
) -> ecs.ContainerDefinition:
    """Describe a container without rights: not root, its files read-only but for /tmp, no capabilities."""
    container = ecs.ContainerDefinition(
        Name=name,
        Image=image,
        Essential=True,
        User=UNPRIVILEGED_USER,
        ReadonlyRootFilesystem=True,
        MountPoints=[ecs.MountPoint(SourceVolume="tmp", ContainerPath="/tmp", ReadOnly=False)],
        LinuxParameters=ecs.LinuxParameters(Capabilities=ecs.KernelCapabilities(Drop=["ALL"]), InitProcessEnabled=True),
        StopTimeout=STOP_SECONDS,
        Environment=[ecs.Environment(Name=key, Value=value) for key, value in application.environment.items()],
        Secrets=[ecs.Secret(Name=key, ValueFrom=source) for key, source in application.secrets.items()],
        LogConfiguration=ecs.LogConfiguration(
            LogDriver="awslogs",
            Options={
                "awslogs-group": log_group,
                "awslogs-region": Region,
                "awslogs-stream-prefix": name,
                "mode": "non-blocking",
                "max-buffer-size": "4m",
            },
        ),
    )
    if command:
        container.Command = list(command)
    return container


def writable_paths(settings: ServiceSettings) -> dict[str, str]:
    """Return what containers may write to, by volume: /tmp, and what a shell's agent needs where shells are allowed.

    An image makes /tmp writable for its user by declaring it a volume. Source: Amazon ECS Developer Guide, "Use bind
    mounts with Amazon ECS", and "Monitor Amazon ECS containers with ECS Exec" on read-only file systems.
    """
    agent = {"ssm-state": "/var/lib/amazon", "ssm-logs": "/var/log/amazon"} if settings.exec_access else {}
    return {"tmp": "/tmp", **agent}


def add_task_definition(
    template: Template,
    settings: ServiceSettings,
    condition: str,
    definitions: list[ecs.ContainerDefinition],
    execution_role: iam.Role,
    task_role: iam.Role,
) -> ecs.TaskDefinition:
    """Add the task definition: what a task consists of."""
    return template.add(
        ecs.TaskDefinition(
            f"{settings.name}TaskDefinition",
            RequiresCompatibilities=["FARGATE"],
            NetworkMode="awsvpc",
            Cpu=str(settings.cpu_units),
            Memory=str(settings.memory_mib),
            RuntimePlatform=ecs.RuntimePlatform(CpuArchitecture=settings.architecture, OperatingSystemFamily="LINUX"),
            ExecutionRoleArn=execution_role.get_att("Arn"),
            TaskRoleArn=task_role.get_att("Arn"),
            ContainerDefinitions=definitions,
            Volumes=[ecs.Volume(Name=volume) for volume in writable_paths(settings)],
            Condition=condition,
        ),
        why="Describes the containers of a task: image, size, environment and secrets.",
    )


def add_execution_role(
    template: Template,
    settings: ServiceSettings,
    encryption: Encryption,
    application: Application,
    log_group_arn: Value,
) -> iam.Role:
    """Add the role ECS itself uses to start a task: pull the image, read its secrets, write its logs."""
    pulling = policies.allow_pulling_images(template.stack_tags.get("project", settings.name.lower()))
    statements = [*pulling, policies.allow_writing_log_group(log_group_arn)]
    return _add_role(
        template,
        f"{settings.name}ExecutionRole",
        [*statements, *_reading(application, encryption)],
        "Lets ECS start tasks: pull the image, read the secrets named for them, write their log.",
    )


def add_task_role(
    template: Template,
    settings: ServiceSettings,
    encryption: Encryption,
    cluster: Cluster,
    application: Application,
) -> iam.Role:
    """Add the role the application has: read its secrets again after a rotation, and what it asks for itself."""
    statements = [*_reading(application, encryption), *application.statements]
    if settings.exec_access:
        statements += policies.allow_recorded_shells(cluster.shell_log_group_arn, cluster.key_arn)
    return _add_role(
        template, f"{settings.name}TaskRole", statements, "Lets the application do what it is for, and no more."
    )


def _reading(application: Application, encryption: Encryption) -> list[Statement]:
    if not application.secret_arns:
        return []
    read = [policies.allow_reading_secret(arn) for arn in application.secret_arns]
    return [*read, policies.allow_decrypting_with(encryption.key_arn)]


def _add_role(template: Template, title: str, statements: Sequence[Statement], why: str) -> iam.Role:
    role = iam.Role(title, AssumeRolePolicyDocument=policies.assumed_by_service("ecs-tasks"))
    if statements:
        role.Policies = [iam.Policy(PolicyName="needs", PolicyDocument=policies.policy(*statements))]
    return template.add(role, why=why)


def add_targets(
    template: Template,
    settings: ServiceSettings,
    network: Network,
    load_balancer: LoadBalancer,
    condition: str,
) -> elb.TargetGroup:
    """Add the group of tasks and the rule that sends them their requests.

    A new task is in service after two checks, 10 seconds apart; a stopped one has 20 seconds to finish its requests:
    deployments are as fast as that allows.
    """
    targets = template.add(
        elb.TargetGroup(
            f"{settings.name}Targets",
            VpcId=network.vpc_id,
            TargetType="ip",
            IpAddressType="ipv6" if network.ipv6_only_tasks else "ipv4",
            Protocol="HTTP",
            Port=settings.port,
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
    network: Network, group: ec2.SecurityGroup, application: Application
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
    if settings.on_demand_tasks:
        on_demand.Base = settings.on_demand_tasks
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
        exempt=[WATCHED_BY_ECS],
    )
