"""What a stage's templates say about it, as they are once a release is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..core.evaluated import EvaluatedTemplate

Templates = Iterable[Mapping[str, Any]]
TARGETS = {"ECSServiceAverageCPUUtilization": "CPU", "ALBRequestCountPerTarget": "requests"}


class Facts:
    """Looks things up in all templates of a stage."""

    def __init__(self, templates: Templates) -> None:
        self._known = [EvaluatedTemplate(template) for template in templates]

    def all(self, kind: str) -> dict[str, Mapping[str, Any]]:
        """Return the properties of each resource of a type by its logical ID."""
        return {name: properties for known in self._known for name, properties in known.of_type(kind).items()}

    def has(self, kind: str) -> bool:
        """Tell whether there is a resource of a type."""
        return bool(self.all(kind))

    def one(self, kind: str) -> Mapping[str, Any]:
        """Return the properties of the first resource of a type, or nothing."""
        return next(iter(self.all(kind).values()), {})

    def _bounds(self, kind: str, *path: str) -> tuple[float, float]:
        """Return the least and the greatest capacity of the first resource of a type, found along a path."""
        for known in self._known:
            for properties in known.of_type(kind).values():
                for key in path:
                    properties = properties[key]
                return known.number(properties["MinCapacity"]), known.number(properties["MaxCapacity"])
        return 0.0, 0.0

    @property
    def tasks(self) -> tuple[float, float]:
        """How many tasks run at the least and at the most."""
        return self._bounds("AWS::ApplicationAutoScaling::ScalableTarget")

    @property
    def units(self) -> tuple[float, float]:
        """How many capacity units a database instance has at the least and at the most."""
        return self._bounds("AWS::RDS::DBCluster", "ServerlessV2ScalingConfiguration")

    @property
    def zones(self) -> int:
        """How many Availability Zones it spans."""
        return len(self.one("AWS::ElasticLoadBalancingV2::LoadBalancer")["Subnets"])

    @property
    def behind_cloudfront(self) -> bool:
        """Whether people come over CloudFront."""
        return self.has("AWS::CloudFront::Distribution")

    @property
    def protocol(self) -> str:
        """How people reach it: `HTTPS` over CloudFront, or where it has a certificate."""
        if self.behind_cloudfront:
            return "HTTPS"
        listeners = self.all("AWS::ElasticLoadBalancingV2::Listener").values()
        return max(str(listener["Protocol"]) for listener in listeners)

    @property
    def domain(self) -> str:
        """Its name on the web, where Route 53 has one."""
        return str(self.one("AWS::Route53::RecordSet").get("Name", ""))

    @property
    def gateways(self) -> list[int]:
        """The zone of each NAT gateway, by its number from 1."""
        subnets = self.all("AWS::EC2::Subnet")
        gateways = self.all("AWS::EC2::NatGateway").values()
        return [_zone_of(subnets[gateway["SubnetId"]["Ref"]]["AvailabilityZone"]) for gateway in gateways]

    @property
    def private_endpoints(self) -> bool:
        """Whether services are called through endpoints within the network."""
        return any(one.get("VpcEndpointType") == "Interface" for one in self.all("AWS::EC2::VPCEndpoint").values())

    @property
    def readers(self) -> list[int]:
        """The zone of each reader, by its number from 1."""
        instances = self.all("AWS::RDS::DBInstance").items()
        return [_zone_of(one["AvailabilityZone"]) for name, one in instances if one.get("PromotionTier")]

    @property
    def writer(self) -> int:
        """The zone of the writer, by its number from 1."""
        instances = self.all("AWS::RDS::DBInstance").values()
        return next(_zone_of(one["AvailabilityZone"]) for one in instances if not one.get("PromotionTier"))

    @property
    def scaled_by(self) -> list[str]:
        """What decides how many tasks run."""
        policies = self.all("AWS::ApplicationAutoScaling::ScalingPolicy").values()
        metrics = [
            policy.get("TargetTrackingScalingPolicyConfiguration", {}).get("PredefinedMetricSpecification", {})
            for policy in policies
        ]
        by = [TARGETS[one["PredefinedMetricType"]] for one in metrics if one.get("PredefinedMetricType") in TARGETS]
        clock = bool(self.one("AWS::ApplicationAutoScaling::ScalableTarget").get("ScheduledActions"))
        return [*by, "clock"] if clock else by

    @property
    def log_days(self) -> tuple[int, int]:
        """The least and the greatest number of days that a log group is kept."""
        days = [int(group["RetentionInDays"]) for group in self.all("AWS::Logs::LogGroup").values()]
        return min(days), max(days)

    @property
    def logs_database(self) -> bool:
        """Whether PostgreSQL's log is collected."""
        return bool(self.one("AWS::RDS::DBCluster").get("EnableCloudwatchLogsExports"))

    @property
    def access_log_days(self) -> int:
        """For how many days S3 keeps the load balancer's access logs; 0 where there are none."""
        bucket = self.all("AWS::S3::Bucket").get("AccessLogs", {})
        rules = bucket.get("LifecycleConfiguration", {}).get("Rules", ())
        return next((int(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule), 0)

    @property
    def sends_mail(self) -> bool:
        """Whether the application may send mail."""
        return any("ses:" in repr(role.get("Policies")) for role in self.all("AWS::IAM::Role").values())

    def backup_rules(self) -> Iterator[Mapping[str, Any]]:
        """Yield each rule of the backup plans."""
        for plan in self.all("AWS::Backup::BackupPlan").values():
            yield from plan["BackupPlan"]["BackupPlanRule"]

    @property
    def copy_region(self) -> str:
        """Where copies of backups are kept, as far as the template says it."""
        for rule in self.backup_rules():
            for copy in rule.get("CopyActions", ()):
                return str(copy["DestinationBackupVaultArn"]["Fn::GetStackOutput"]["Region"])
        return ""

    @property
    def archive(self) -> tuple[int, int] | None:
        """After how many days an export goes to the archive, and after how many it is deleted (0: never)."""
        for bucket in self.all("AWS::S3::Bucket").values():
            for rule in bucket.get("LifecycleConfiguration", {}).get("Rules", ()):
                for transition in rule.get("Transitions", ()):
                    return int(transition["TransitionInDays"]), int(rule.get("ExpirationInDays", 0))
        return None


def _zone_of(zone: Mapping[str, Any]) -> int:
    """Return the number of a zone that a template takes from `Fn::GetAZs`, from 1."""
    return int(zone["Fn::Select"][0]) + 1
