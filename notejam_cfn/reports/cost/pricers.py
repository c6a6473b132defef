"""What is charged for each type of resource: quantities from its properties and the load, never dollars.

Where a template cannot tell a quantity it is an assumption, and a constant here says which.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...core.evaluated import EvaluatedTemplate
from .usage import HOURS_A_MONTH, Usage

Properties = Mapping[str, Any]

# Assumptions, all of them about Notejam's own pages: a page is small, and what is written about it smaller.
KB_SENT_PER_REQUEST = 8.0
KB_LOGGED_PER_REQUEST = 0.6
KB_FLOW_LOG_PER_REQUEST = 0.3
KB_ACCESS_LOG_PER_REQUEST = 0.3
GB_FLOW_LOG_OF_STRANGERS = 0.02
NEW_CONNECTIONS_PER_REQUEST = 0.2
IO_PER_REQUEST = 2.0
PARQUET_SHARE, LOG_COMPRESSED_TO = 0.5, 1 / 7
STORED_GB_ASLEEP, STORED_GB_IN_USE = 0.5, 10.0
# A capacity unit serves about so many requests a second; while awake an instance has at least half a unit.
REQUESTS_PER_SECOND_PER_UNIT = 40.0
LEAST_UNITS_AWAKE = 0.5
GB_OS_METRICS_PER_INSTANCE = 0.3
# What one load balancer capacity unit carries: connections a second, GB an hour.
CONNECTIONS_PER_LCU, GB_PER_LCU_HOUR = 25.0, 1.0
# Container Insights: measurements of the cluster, the service and the task family; enhanced adds some for each task.
# The application's own are four for the stage, while somebody asks: requests, errors and two times.
METRICS_STANDARD, METRICS_ENHANCED, METRICS_ENHANCED_PER_TASK, METRICS_OF_APPLICATION = 36, 44, 26, 4
# A service and its task family add so many to those of a cluster. Source: Amazon CloudWatch User Guide, "Amazon ECS
# Container Insights metrics", by dimensions.
METRICS_OF_SERVICE = 24
IMAGES_GB = 4.0
DAYS_A_MONTH = 30.4
DAYS_OF = {"daily": 1.0, "weekly": 7.0, "monthly": DAYS_A_MONTH}

FREE_OF = {
    "ApplicationAutoScaling": "ScalableTarget",
    "Backup": "BackupSelection BackupVault RestoreTestingPlan RestoreTestingSelection",
    "Budgets": "Budget BudgetsAction",
    "CertificateManager": "Certificate",
    "CloudFront": "VpcOrigin",
    "CodeBuild": "Project",
    "CodeCommit": "Repository",
    "CodeConnections": "Connection",
    "EC2": (
        "EgressOnlyInternetGateway InternetGateway Route RouteTable SecurityGroup SecurityGroupEgress "
        "SecurityGroupIngress Subnet SubnetRouteTableAssociation VPC VPCCidrBlock VPCGatewayAttachment"
    ),
    "ECS": "TaskDefinition",
    "EFS": "AccessPoint MountTarget",
    "ElasticLoadBalancingV2": "Listener ListenerRule TargetGroup",
    "Events": "Rule",
    "IAM": "Group ManagedPolicy Role RolePolicy",
    "KMS": "Alias",
    "Lambda": "Function Permission",
    "Logs": "DeliveryDestination DeliverySource LogGroup QueryDefinition",
    "RDS": "DBClusterParameterGroup DBSubnetGroup",
    "Route53": "RecordSet",
    "S3": "BucketPolicy",
    "SNS": "Topic TopicPolicy",
    "SQS": "Queue",
    "ServiceDiscovery": "HttpNamespace",
    "Scheduler": "Schedule",
    "SSM": "Parameter",
    "StepFunctions": "StateMachine",
    "WAFv2": "WebACLAssociation",
}
FREE = frozenset(f"AWS::{service}::{name}" for service, names in FREE_OF.items() for name in names.split())
"""Types that cost nothing, a few cents at these quantities, or what another type of the stage is charged for."""


@dataclasses.dataclass(frozen=True)
class PriceComponent:
    """So many units of something: `what` is for people, `price` names the price of a unit.

    `share` names the price that says which part of it is paid, for what AWS sells below its list price.
    """

    what: str
    quantity: float
    price: str
    share: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The prices that it takes."""
        return (self.price, self.share) if self.share else (self.price,)


@dataclasses.dataclass(frozen=True)
class Stage:
    """What pricing one resource must know of the others of its stage.

    `beside` are the templates of what it stands in, as a preview in a stage: they are on another bill.
    """

    load: Usage
    templates: tuple[EvaluatedTemplate, ...]
    beside: tuple[EvaluatedTemplate, ...] = ()

    def of_type(self, kind: str) -> list[tuple[EvaluatedTemplate, Properties]]:
        """Return the properties of the stage's resources of one type, each with its template."""
        return [(template, each) for template in self.templates for each in template.of_type(kind).values()]

    @property
    def clusters(self) -> list[tuple[EvaluatedTemplate, Properties]]:
        """The database clusters that exist."""
        return self.of_type("AWS::RDS::DBCluster")

    @functools.cached_property
    def tasks(self) -> Tasks:
        """The tasks of the stage's service; none where there is no service."""
        services = self.of_type("AWS::ECS::Service")
        return _tasks(self, services[0][1]) if services else Tasks(0, 0, 0, 0)

    @property
    def awake_hours(self) -> float:
        """Hours a month in which a database that may pause is awake."""
        return self.load.busy_hours if self.load.requests_per_second else 0.0

    @property
    def stored_gb(self) -> float:
        """GB in the database."""
        return STORED_GB_IN_USE if self.load.requests_per_second > 1 else STORED_GB_ASLEEP


@dataclasses.dataclass(frozen=True)
class Tasks:
    """Task hours a month on demand and on Spot, how many run on average, and the hours in which any does."""

    on_demand_hours: float
    spot_hours: float
    average: float
    running_hours: float


def _tasks(stage: Stage, service: Properties) -> Tasks:
    """Count the tasks: the scheduled or lowest number, or as many as the load needs, in busy and quiet hours."""
    template, target = stage.of_type("AWS::ApplicationAutoScaling::ScalableTarget")[0]
    least = template.number(target["MinCapacity"])
    scheduled = [action["ScalableTargetAction"].get("MinCapacity", 0) for action in target.get("ScheduledActions", [])]
    in_business = max([least, *map(template.number, scheduled)])
    wanted = math.ceil(stage.load.requests_per_second * 60 / _requests_per_task(stage))
    busy = min(max(in_business, wanted), template.number(target["MaxCapacity"]))
    if not stage.load.busy_hours:
        scheduled_share = 264 / HOURS_A_MONTH if scheduled else 0.0
        average = least + (in_business - least) * scheduled_share
        return _split(service, average, HOURS_A_MONTH, HOURS_A_MONTH if average else 0.0)
    hours = stage.load.busy_hours * busy + stage.load.quiet_hours * least
    running = stage.load.busy_hours + (stage.load.quiet_hours if least else 0.0)
    return _split(service, hours / HOURS_A_MONTH, HOURS_A_MONTH, running)


def _split(service: Properties, average: float, hours: float, running: float) -> Tasks:
    """Split tasks between on demand and Spot, as the service's capacity providers say."""
    providers = {each["CapacityProvider"]: each for each in service.get("CapacityProviderStrategy", [])}
    base = min(average, float(providers.get("FARGATE", {}).get("Base", 0)))
    weights = {name: float(each.get("Weight", 0)) for name, each in providers.items()}
    spot = (average - base) * weights.get("FARGATE_SPOT", 0.0) / (sum(weights.values()) or 1.0)
    return Tasks((average - spot) * hours, spot * hours, average, running)


def _requests_per_task(stage: Stage) -> float:
    """Return the requests a minute that scaling aims at for each task."""
    for template, policy in stage.of_type("AWS::ApplicationAutoScaling::ScalingPolicy"):
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration", {})
        metric = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        if metric == "ALBRequestCountPerTarget":
            return template.number(tracking["TargetValue"])
    return 3000.0


def _load_balancer(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    load = stage.load
    addresses = 0 if properties.get("Scheme") == "internal" else len(properties.get("Subnets", []))
    yield PriceComponent("load balancer", HOURS_A_MONTH, "load_balancer_hour")
    yield PriceComponent("public IPv4 addresses", addresses * HOURS_A_MONTH, "ipv4_hour")
    connections = load.requests_per_second * NEW_CONNECTIONS_PER_REQUEST / CONNECTIONS_PER_LCU
    carried = load.requests_per_second * 3600 * KB_SENT_PER_REQUEST / 1e6 / GB_PER_LCU_HOUR
    hours = max(connections, carried) * load.busy_hours
    yield PriceComponent("load balancer capacity", hours, "load_balancer_capacity_hour")
    if addresses:
        yield PriceComponent("traffic to people", load.gigabytes(KB_SENT_PER_REQUEST), "sent_gb")
    kept = load.gigabytes(KB_ACCESS_LOG_PER_REQUEST) * _access_log_months(properties, template)
    yield PriceComponent("access logs", kept, "s3_gb_month")


def _access_log_months(properties: Properties, template: EvaluatedTemplate) -> float:
    """Return how long the bucket that a load balancer writes its access logs to keeps them; 0 without one."""
    attributes = {each["Key"]: each["Value"] for each in properties.get("LoadBalancerAttributes", [])}
    reference = attributes.get("access_logs.s3.bucket")
    name = reference["Ref"] if isinstance(reference, Mapping) else ""
    rules = template.of_type("AWS::S3::Bucket").get(name, {}).get("LifecycleConfiguration", {}).get("Rules", [])
    return max((template.number(rule.get("ExpirationInDays")) for rule in rules), default=0.0) / DAYS_A_MONTH


def _fargate(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    _, task = stage.of_type("AWS::ECS::TaskDefinition")[0]
    processor = "arm" if task.get("RuntimePlatform", {}).get("CpuArchitecture") == "ARM64" else "x86"
    vcpus, gigabytes = float(task["Cpu"]) / 1024, float(task["Memory"]) / 1024
    for what, hours, share in (
        ("tasks on demand", stage.tasks.on_demand_hours, ""),
        ("tasks on Spot", stage.tasks.spot_hours, "fargate_spot_share"),
    ):
        yield PriceComponent(what, hours * vcpus, f"fargate_{processor}_vcpu_hour", share)
        yield PriceComponent(what, hours * gigabytes, f"fargate_{processor}_gb_hour", share)
    addresses = properties["NetworkConfiguration"]["AwsvpcConfiguration"].get("AssignPublicIp") == "ENABLED"
    yield PriceComponent("public IPv4 addresses", addresses * stage.tasks.average * HOURS_A_MONTH, "ipv4_hour")
    if _measures(task):
        asked = stage.load.busy_hours / HOURS_A_MONTH
        yield PriceComponent("the application's metrics", METRICS_OF_APPLICATION * asked, "metric_month")
    yield from logs(stage.load.gigabytes(KB_LOGGED_PER_REQUEST), template)
    yield from _measured_in_another_cluster(stage)


def _measured_in_another_cluster(stage: Stage) -> Iterator[PriceComponent]:
    """Charge what a service adds to the measurements of a cluster that is on another bill."""
    clusters = [each for template in stage.beside for each in template.of_type("AWS::ECS::Cluster").values()]
    settings = {each["Name"]: each["Value"] for cluster in clusters for each in cluster.get("ClusterSettings", [])}
    share = stage.tasks.running_hours / HOURS_A_MONTH
    price = {"enabled": "metric_month", "enhanced": "insights_metric_month"}.get(settings.get("containerInsights", ""))
    if price:
        yield PriceComponent("Container Insights", METRICS_OF_SERVICE * share, price)


def _measures(task: Properties) -> bool:
    """Tell whether a task writes metrics, by the variables that Notejam reads: CloudWatch takes them from JSON alone.

    A metric is paid by the hour in which something is written to it, and each name and set of dimensions is one.
    Source: Amazon CloudWatch pricing, "Custom metrics", and User Guide, "Embedded metric format".
    """
    told = {one["Name"]: one["Value"] for each in task["ContainerDefinitions"] for one in each.get("Environment", ())}
    return bool(told.get("METRICS_NAMESPACE")) and told.get("LOG_FORMAT") != "text"


def logs(gigabytes: float, template: EvaluatedTemplate, what: str = "logs") -> Iterator[PriceComponent]:
    """Yield what it costs to take logs in, and to keep them compressed for as long as the template's groups do."""
    groups = template.of_type("AWS::Logs::LogGroup").values()
    days = max((template.number(group.get("RetentionInDays")) for group in groups), default=0.0)
    yield PriceComponent(what, gigabytes, "logs_gb")
    yield PriceComponent(what, gigabytes * LOG_COMPRESSED_TO * days / DAYS_A_MONTH, "logs_kept_gb_month")


def _cluster(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge Container Insights for the hours in which tasks run: metrics are prorated by the hour."""
    settings = {each["Name"]: each["Value"] for each in properties.get("ClusterSettings", [])}
    share = stage.tasks.running_hours / HOURS_A_MONTH
    if settings.get("containerInsights") == "enabled":
        yield PriceComponent("Container Insights", METRICS_STANDARD * share, "metric_month")
    if settings.get("containerInsights") == "enhanced":
        metrics = METRICS_ENHANCED + METRICS_ENHANCED_PER_TASK * stage.tasks.average
        yield PriceComponent("Container Insights", metrics * share, "insights_metric_month")


def _database(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    yield PriceComponent("database storage", stage.stored_gb, "aurora_gb_month")
    yield PriceComponent("database storage", stage.load.millions * IO_PER_REQUEST, "aurora_io_million")
    extra_days = max(0.0, template.number(properties.get("BackupRetentionPeriod", 1)) - 1)
    # Continuous backup holds about a tenth of the data again for each day beyond the first, which is free.
    yield PriceComponent("backups", stage.stored_gb * extra_days / 10, "aurora_backup_gb_month")
    if properties.get("ManageMasterUserPassword"):
        yield PriceComponent("secrets", 1, "secret_month")


def _instance(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge capacity: the least of it always, and in busy hours what the load asks of writer and first reader."""
    _, cluster = stage.clusters[0]
    scaling = cluster["ServerlessV2ScalingConfiguration"]
    least, most = (template.number(scaling[bound]) for bound in ("MinCapacity", "MaxCapacity"))
    tier = int(properties.get("PromotionTier", 1))
    follows = tier <= 1 or least == 0
    wanted = max(LEAST_UNITS_AWAKE, stage.load.requests_per_second / REQUESTS_PER_SECOND_PER_UNIT)
    busy = min(max(least, wanted), most) if follows and stage.awake_hours else least
    units = busy * stage.awake_hours + least * (HOURS_A_MONTH - stage.awake_hours)
    yield PriceComponent("database capacity", units, "aurora_unit_hour")
    awake = HOURS_A_MONTH if least else stage.awake_hours
    if properties.get("MonitoringInterval"):
        yield from logs(GB_OS_METRICS_PER_INSTANCE * awake / HOURS_A_MONTH, template)


def _nat(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    gateways = len(stage.of_type("AWS::EC2::NatGateway"))
    yield PriceComponent("NAT gateways", HOURS_A_MONTH, "nat_hour")
    yield PriceComponent("NAT gateways", _gigabytes_out(stage) / gateways, "nat_gb")


def _gigabytes_out(stage: Stage) -> float:
    """Return the GB that leave the private subnets: logs, and as much again for all else."""
    return stage.load.gigabytes(2 * KB_LOGGED_PER_REQUEST)


def _endpoint(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    if properties.get("VpcEndpointType") == "Interface":
        endpoints = [each for _, each in stage.of_type("AWS::EC2::VPCEndpoint") if "SubnetIds" in each]
        yield PriceComponent("VPC endpoints", len(properties["SubnetIds"]) * HOURS_A_MONTH, "endpoint_hour")
        yield PriceComponent("VPC endpoints", _gigabytes_out(stage) / len(endpoints), "endpoint_gb")


def _flow_log(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    yield from logs(GB_FLOW_LOG_OF_STRANGERS + stage.load.gigabytes(KB_FLOW_LOG_PER_REQUEST), template)


def _bucket(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge the exports that a bucket keeps, one a month, first warm and then archived, once it is full.

    What other buckets hold is small and expires. Exports that are never deleted are charged for the first ten years.
    """
    for rule in properties.get("LifecycleConfiguration", {}).get("Rules", []):
        for transition in rule.get("Transitions", []):
            warm = template.number(transition.get("TransitionInDays"))
            archived = (template.number(rule.get("ExpirationInDays")) or 3653) - warm
            gigabytes_a_day = stage.stored_gb * PARQUET_SHARE / DAYS_OF["monthly"]
            yield PriceComponent("exports", warm * gigabytes_a_day, "s3_gb_month")
            yield PriceComponent("exports", archived * gigabytes_a_day, "archive_gb_month")
            yield PriceComponent("exports", stage.stored_gb, "aurora_export_gb")


def _alarm(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    queries = [query for query in properties.get("Metrics", []) if "MetricStat" in query]
    yield PriceComponent("alarms", max(1, len(queries)), "alarm_month")


def _composite_alarm(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    yield PriceComponent("alarms", 1, "composite_alarm_month")


def _scaling_policy(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge the alarms that target tracking makes for itself: one to grow, one to shrink."""
    tracking = properties.get("TargetTrackingScalingPolicyConfiguration")
    if tracking:
        yield PriceComponent("alarms", 1 if tracking.get("DisableScaleIn") else 2, "alarm_month")


def _images(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge for the images that are kept; those of previews, which all expire, are a tenth of them."""
    expires = properties.get("EmptyOnDelete")
    yield PriceComponent("images", IMAGES_GB / 10 if expires else IMAGES_GB, "image_gb_month")


def _always(what: str, price: str, quantity: float = 1) -> Pricer:
    """Return a pricer of something that is charged by the month, whatever the load."""

    def charge(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
        yield PriceComponent(what, quantity, price)

    return charge


Pricer = Callable[[Properties, EvaluatedTemplate, Stage], Iterator[PriceComponent]]

PRICERS: Mapping[str, Pricer] = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": _scaling_policy,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _composite_alarm,
    "AWS::CloudWatch::Dashboard": _always("dashboard", "dashboard_month"),
    "AWS::EC2::EIP": _always("public IPv4 addresses", "ipv4_hour", HOURS_A_MONTH),
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::NatGateway": _nat,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ECR::Repository": _images,
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECS::Service": _fargate,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::KMS::Key": _always("keys", "key_month"),
    "AWS::RDS::DBCluster": _database,
    "AWS::RDS::DBInstance": _instance,
    "AWS::S3::Bucket": _bucket,
    "AWS::SecretsManager::Secret": _always("secrets", "secret_month"),
}
