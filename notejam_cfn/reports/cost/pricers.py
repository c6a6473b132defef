"""What is charged for each type of resource: quantities from its properties and the load, never dollars.

Where a template cannot tell a quantity it is an assumption, and a constant here says which.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping

from ...core.evaluated import EvaluatedTemplate
from .usage import HOURS_A_MONTH, Properties, Stage

# Assumptions, all of them about Notejam's own pages: a page is small, and what is written about it smaller.
KB_SENT_PER_REQUEST = 8.0
KB_LOGGED_PER_REQUEST = 0.6
KB_FLOW_LOG_PER_REQUEST = 0.3
KB_ACCESS_LOG_PER_REQUEST = 0.3
GB_FLOW_LOG_OF_STRANGERS = 0.02
NEW_CONNECTIONS_PER_REQUEST = 0.2
IO_PER_REQUEST = 2.0
PARQUET_SHARE, LOG_COMPRESSED_TO = 0.5, 1 / 7
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
# Free for each account, every month and without end. Source: Amazon CloudFront pricing, "Always Free Tier". A stage's
# bill takes all of it off; stages that share an account share it.
FREE_MILLIONS, FREE_GB = 10.0, 1024.0
# The firewall records each request, headers and all; of what it writes 500 MB for a million requests cost nothing.
# Source: AWS WAF pricing.
KB_FIREWALL_LOG_PER_REQUEST, KB_FIREWALL_LOG_INCLUDED = 1.5, 0.5
# A line of CloudFront's standard log, with the fields that it has by default.
KB_EDGE_LOG_PER_REQUEST = 0.8
# A run of the pipeline: an action is charged for each minute it has begun, one that builds or deploys takes some.
RUNS_A_MONTH = 40
MINUTES_OF_ACTION = {"CodeBuild": 3.0, "CloudFormation": 1.5}

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
    yield from _logs(stage.load.gigabytes(KB_LOGGED_PER_REQUEST), template)
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


def _logs(gigabytes: float, template: EvaluatedTemplate, what: str = "logs") -> Iterator[PriceComponent]:
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
        yield from _logs(GB_OS_METRICS_PER_INSTANCE * awake / HOURS_A_MONTH, template)


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
    yield from _logs(GB_FLOW_LOG_OF_STRANGERS + stage.load.gigabytes(KB_FLOW_LOG_PER_REQUEST), template)


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


def _scaling_policy(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge the alarms that target tracking makes for itself: one to grow, one to shrink."""
    tracking = properties.get("TargetTrackingScalingPolicyConfiguration")
    if tracking:
        yield PriceComponent("alarms", 1 if tracking.get("DisableScaleIn") else 2, "alarm_month")


def _images(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge for the images that are kept; those of previews, which all expire, are a tenth of them."""
    expires = properties.get("EmptyOnDelete")
    yield PriceComponent("images", IMAGES_GB / 10 if expires else IMAGES_GB, "image_gb_month")


def _distribution(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge requests and traffic; what CloudFront fetches from a load balancer costs nothing.

    The price is that of where people are, taken to be where the stage is.
    """
    sent = stage.load.gigabytes(KB_SENT_PER_REQUEST)
    yield PriceComponent("CloudFront", max(0.0, stage.load.millions - FREE_MILLIONS), "cloudfront_million")
    yield PriceComponent("CloudFront", max(0.0, sent - FREE_GB), "cloudfront_gb")


def _edge_log(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    yield from _logs(stage.load.gigabytes(KB_EDGE_LOG_PER_REQUEST), template, "CloudFront's log")


def _firewall(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    yield PriceComponent("firewall", 1, "firewall_month")
    yield PriceComponent("firewall", len(properties.get("Rules", [])), "firewall_rule_month")
    yield PriceComponent("firewall", stage.load.millions, "firewall_million")


def _firewall_log(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge a log line for each request, unless a filter keeps the log to what the firewall stopped."""
    if "LoggingFilter" not in properties:
        gigabytes = stage.load.gigabytes(KB_FIREWALL_LOG_PER_REQUEST - KB_FIREWALL_LOG_INCLUDED)
        yield from _logs(gigabytes, template, "firewall's log")


def _backup_plan(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge the snapshots that each rule keeps at a time, once it has run for as long as it keeps them.

    Snapshots are full, and free as long as point-in-time recovery reaches back to them; copies are not, and each
    travels between regions in full. Copies are priced as if they stayed in the stage's region.
    Source: Amazon Aurora User Guide, "Understanding Amazon Aurora backup storage usage", "DB cluster snapshot copying".
    """
    free_days = max((known.number(each["BackupRetentionPeriod"]) for known, each in stage.clusters), default=0.0)
    for rule in properties["BackupPlan"]["BackupPlanRule"]:
        kept = _kept_days(rule, template)
        days = _days_between(str(rule.get("ScheduleExpression", "")))
        copies = template.value(rule.get("CopyActions", []))
        charged = max(0.0, kept - free_days) / days + sum(_kept_days(copy, template) for copy in copies) / days
        yield PriceComponent("backups", charged * stage.stored_gb, "aurora_backup_gb_month")
        yield PriceComponent("copies", len(copies) * DAYS_A_MONTH / days * stage.stored_gb, "between_regions_gb")


def _kept_days(body: Properties, template: EvaluatedTemplate) -> float:
    return template.number(body.get("Lifecycle", {}).get("DeleteAfterDays", 0))


def _days_between(schedule: str) -> float:
    """Return how many days lie between two runs of `cron(minute hour day month weekday year)`."""
    fields = re.sub(r"cron\((.*)\)", r"\1", schedule).split()
    if len(fields) == 6 and fields[2] not in ("*", "?"):
        return DAYS_OF["monthly"]
    return DAYS_OF["weekly"] if len(fields) == 6 and fields[4] not in ("*", "?") else DAYS_OF["daily"]


def _pipeline(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge the minutes of every action of a run, approvals excepted, and again the builds among them."""
    runs = RUNS_A_MONTH if stage.load.requests_per_second else 0
    machines = template.of_type("AWS::CodeBuild::Project")
    for action in (each for part in properties["Stages"] for each in part["Actions"]):
        kind = action["ActionTypeId"]
        minutes = runs * MINUTES_OF_ACTION.get(kind["Provider"], 1.0) * (kind["Category"] != "Approval")
        yield PriceComponent("pipeline", minutes, "pipeline_minute")
        if kind["Provider"] == "CodeBuild":
            environment = machines[action["Configuration"]["ProjectName"]["Ref"]]["Environment"]
            size = environment["ComputeType"].removeprefix("BUILD_GENERAL1_").lower()
            yield PriceComponent("builds", minutes, f"build_{size}_minute")


def _always(what: str, price: str, quantity: float = 1) -> Pricer:
    """Return a pricer of something that is charged by the month, whatever the load."""

    def charge(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
        yield PriceComponent(what, quantity, price)

    return charge


Pricer = Callable[[Properties, EvaluatedTemplate, Stage], Iterator[PriceComponent]]

PRICERS: Mapping[str, Pricer] = {
    "AWS::ApplicationAutoScaling::ScalingPolicy": _scaling_policy,
    "AWS::Backup::BackupPlan": _backup_plan,
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _always("alarms", "composite_alarm_month"),
    "AWS::CloudWatch::Dashboard": _always("dashboard", "dashboard_month"),
    "AWS::CodePipeline::Pipeline": _pipeline,
    "AWS::EC2::EIP": _always("public IPv4 addresses", "ipv4_hour", HOURS_A_MONTH),
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::NatGateway": _nat,
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::ECR::Repository": _images,
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECS::Service": _fargate,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _load_balancer,
    "AWS::KMS::Key": _always("keys", "key_month"),
    "AWS::Logs::Delivery": _edge_log,
    "AWS::RDS::DBCluster": _database,
    "AWS::RDS::DBInstance": _instance,
    "AWS::S3::Bucket": _bucket,
    "AWS::SecretsManager::Secret": _always("secrets", "secret_month"),
    "AWS::WAFv2::LoggingConfiguration": _firewall_log,
    "AWS::WAFv2::WebACL": _firewall,
}
