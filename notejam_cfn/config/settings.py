"""What can be chosen: one frozen, flat class of settings per component, and the presets a stage's size starts from.

Every field has a default, its unit in its name, and bounds that are checked when the object is made.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import zoneinfo
from collections.abc import Iterator
from typing import Any

from ..core import cloudfront, names
from ..core.regions import NO_COPIES, REGIONS_WITHOUT_EXPORT, TWO_ZONE_REGIONS, lacks
from .fields import Settings, checked, choice, flag, number, one_of, shown, text, whole

# The periods CloudWatch Logs accepts: LogGroup.RetentionInDays in the resource schema.
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3653)
EGRESS = ("nat", "nat-per-zone", "endpoints", "ipv6")
SIZES = ("economy", "standard", "resilient")
SOURCES = ("codeconnections", "codecommit", "s3")
GIT_HOSTS = ("GitHub", "GitLab", "Bitbucket", "GitHubEnterpriseServer", "GitLabSelfManaged", "AzureDevOps")
# Fargate's pairs of CPU units and MiB. Source: Amazon ECS Developer Guide, "Task definition parameters for Fargate".
FARGATE_MEMORY_MIB = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
}
# Source: RFC 1918.
PRIVATE_BLOCKS = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
# The databases that a cluster has by itself, a word that RDS keeps, and the words that PostgreSQL reserves: RDS passes
# the name to the engine without quotes. Source: PostgreSQL, "SQL Key Words".
_RESERVED = """
postgres template0 template1 rdsadmin admin db all analyse analyze and any array as asc asymmetric
both case cast check collate column constraint create current_catalog current_date current_role
current_time current_timestamp current_user default deferrable desc distinct do else end except
false fetch for foreign from grant group having in initially intersect into lateral leading limit
localtime localtimestamp not null offset on only or order placing primary references returning
select session_user some symmetric system_user table then to trailing true union unique user using
variadic when where window with
"""
RESERVED_DATABASE_NAMES = frozenset(_RESERVED.split())
REGION_PATTERN = r"[a-z]{2,4}(-[a-z]+)+-\d"
DAYS_PATTERN = r"(MON|TUE|WED|THU|FRI|SAT|SUN)([-,](MON|TUE|WED|THU|FRI|SAT|SUN))*"
DOMAIN_PATTERN = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
CONNECTION_PATTERN = r"arn:[a-z-]+:(codeconnections|codestar-connections):.+"
# Source: AWS CodePipeline API Reference, "GitFilePathFilterCriteria".
MOST_IGNORED_PATHS = 8
REPOSITORY_PATTERN = r"[\w.-]+(/[\w.-]+)+"
ADDRESS_PATTERN = r"[^@\s]+@[^@\s]+\.[^@\s]+"
IMAGE_PATTERN = r"[a-z0-9][a-zA-Z0-9./_:-]*(@sha256:[0-9a-f]{64})?"
THREE_YEARS = 1095
# The longest that AWS Backup keeps a snapshot of its own accord: a hundred years.
FOR_EVER_DAYS = 36500
# The oldest must stay until the next one is three years old, which is a month later.
LEAST_MONTHLY_DAYS = THREE_YEARS + 31
RESTORE_TESTING, BUDGET = "AWS::Backup::RestoreTestingPlan", "AWS::Budgets::Budget"


def _log_retention(default: int) -> Any:
    return one_of(default, LOG_RETENTION_DAYS, "days a log is kept")


def _cidr_problem(value: Any) -> str | None:
    try:
        block = ipaddress.IPv4Network(value)
        written_as_one = bool(re.fullmatch(r"[0-9.]+/[0-9]{1,2}", value))
    except (ValueError, TypeError):
        written_as_one = False
    if not written_as_one:
        return f"must be an IPv4 block such as 10.0.0.0/16, got {shown(value)}"
    if not any(map(block.subnet_of, PRIVATE_BLOCKS)):
        return f"must be a private block (10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16), got {value}"
    if not 16 <= block.prefixlen <= 22:
        return f"must be between /16 and /22 (a load balancer needs 8 free addresses a subnet), got {value}"
    return None


def _is_known_zone(name: str) -> bool:
    """Tell whether this machine knows a time zone; one that has no list of them knows all."""
    known = zoneinfo.available_timezones()
    return name in known or not known


def _paths_problem(value: Any) -> str | None:
    if not isinstance(value, str) or re.search(r"\s|,,|^,|,$", value) or value.count(",") >= MOST_IGNORED_PATHS:
        return f"must be up to {MOST_IGNORED_PATHS} patterns with commas and no spaces between, got {shown(value)}"
    return None


@dataclasses.dataclass(frozen=True)
class NetworkSettings(Settings):
    """The VPC: its addresses, zones and way out."""

    cidr: str = checked("10.0.0.0/16", _cidr_problem, "IPv4 addresses of the VPC", "a private block, /16 to /22")
    zones: int = whole(3, 2, 3, "Availability Zones")
    egress: str = choice("nat", EGRESS, "the way out of the private subnets")
    log_retention_days: int = _log_retention(365)


@dataclasses.dataclass(frozen=True)
class EncryptionSettings(Settings):
    """The stage's key."""

    keep_key: bool = flag(True, "keep the key when the stack is deleted; snapshots cannot be read without it")
    key_deletion_days: int = whole(30, 7, 30, "days a deleted key can still be saved")


@dataclasses.dataclass(frozen=True)
class DatabaseSettings(Settings):
    """The Aurora cluster: its capacity in Aurora capacity units (1 unit is about 2 GiB), readers and protection."""

    engine_version: str = text(
        "17", r"\d+(\.\d+)?", "17, or 17.7 to begin with", "Aurora PostgreSQL version; AWS upgrades minor ones"
    )
    database_name: str = text("notejam", r"[a-z][a-z0-9_]{0,62}", "1 to 63 letters, digits or _", "first database")
    min_acu: float = number(0, 0, 256, "capacity units when idle; 0 lets the database pause")
    max_acu: float = number(4, 1, 256, "capacity units at the most")
    pause_after_minutes: int = whole(30, 5, 1440, "minutes without a connection before it pauses")
    readers: int = whole(0, 0, 15, "readers, each in another zone than the one before")
    backup_days: int = whole(7, 1, 35, "days of point-in-time recovery")
    deletion_protection: bool = flag(True, "refuse to delete the cluster")
    final_snapshot: bool = flag(True, "take a snapshot when the stack is deleted")
    insights: bool = flag(False, "Performance Insights, kept for 7 days")
    log_retention_days: int = _log_retention(365)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.database_name in RESERVED_DATABASE_NAMES:
            yield "database_name", f"must not be a word that the engine keeps for itself, got {self.database_name}"
        if self.min_acu > self.max_acu:
            yield "min_acu", f"must be at most max_acu ({self.max_acu:g}), got {self.min_acu:g}"


@dataclasses.dataclass(frozen=True)
class LoadBalancerSettings(Settings):
    """The way in: domain, certificate, firewall."""

    domain: str = text("", DOMAIN_PATTERN, "a domain name in lower case", "name people reach the application by")
    hosted_zone_id: str = text(
        "", r"Z[A-Z0-9]{3,31}", "a Route 53 zone id such as Z0123ABC", "public zone of the domain"
    )
    certificate_arn: str = text("", r"arn:[a-z-]+:acm:.+", "a certificate's ARN", "an ACM certificate you have")
    waf: bool = flag(False, "AWS WAF with managed rules and a rate limit")
    requests_per_5_minutes: int = whole(2000, 10, 20_000_000, "requests an address may send with waf on")
    idle_timeout_seconds: int = whole(60, 1, 4000, "seconds a quiet connection stays open")
    access_log_days: int = whole(90, 1, 3653, "days access logs are kept in S3")
    deletion_protection: bool = flag(True, "refuse to delete the load balancer")
    log_retention_days: int = _log_retention(365)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.hosted_zone_id and not self.domain:
            yield "domain", "is needed with hosted_zone_id: set it to the name people will use"
        if self.certificate_arn and not self.domain:
            yield "domain", "is needed with certificate_arn: set it to a name the certificate covers"
        if self.domain and not (self.hosted_zone_id or self.certificate_arn):
            yield "domain", "needs hosted_zone_id (a certificate is then made for it) or certificate_arn"

    @property
    def https(self) -> bool:
        """Whether a certificate is known, and so HTTPS served."""
        return bool(self.hosted_zone_id or self.certificate_arn)


@dataclasses.dataclass(frozen=True)
class CdnSettings(Settings):
    """CloudFront in front of the load balancer, which then has no public address."""

    enabled: bool = flag(
        True, "HTTPS over CloudFront, with a domain or without; where CloudFront has no VPC origins, it stays off"
    )
    access_log: bool = flag(False, "a line for each request in CloudWatch Logs in us-east-1, where CloudFront writes")
    log_retention_days: int = _log_retention(90)


@dataclasses.dataclass(frozen=True)
class ClusterSettings(Settings):
    """What containers run on, shared by the services of a stage."""

    insights: str = choice(
        "enabled", ("disabled", "enabled", "enhanced"), "Container Insights; enhanced looks at tasks"
    )
    log_retention_days: int = _log_retention(365)


@dataclasses.dataclass(frozen=True)
class ServiceSettings(Settings):
    """The containers: size, number, what they run on and how they scale."""

    name: str = text("Web", r"[A-Z][A-Za-z0-9]{0,30}", "letters and digits, capital first", "prefix of its logical IDs")
    cpu_units: int = one_of(256, tuple(FARGATE_MEMORY_MIB), "CPU of a task; 1024 units are one vCPU")
    memory_mib: int = whole(512, 512, 30720, "memory of a task")
    image: str = text(
        "", IMAGE_PATTERN, "REGISTRY/REPOSITORY@sha256:DIGEST", "what runs before a release says otherwise"
    )
    port: int = whole(8080, 1024, 65535, "TCP port the container listens on")
    health_path: str = text("/healthz", r"/[!-~]{0,1023}", "a path that begins with /", "answers 200 when all is well")
    path_pattern: str = text("/*", r"/[!-~]{0,127}", "a path pattern such as /api/*", "requests it gets")
    priority: int = whole(1000, 2, 50000, "order among services on one load balancer, lowest first")
    deregistration_seconds: int = whole(20, 0, 3600, "seconds a stopped task may finish its requests")
    architecture: str = choice("ARM64", ("ARM64", "X86_64"), "processor; ARM64 costs a fifth less")
    min_tasks: int = whole(1, 0, 1000, "tasks at the least")
    max_tasks: int = whole(4, 1, 1000, "tasks at the most")
    sleep_after_minutes: int = whole(0, 0, 1440, "minutes without a request before the last task stops; 0 is never")
    fargate_base: int = whole(0, 0, 1000, "tasks that never run on Spot")
    spot_percent: int = whole(0, 0, 100, "share of the other tasks that runs on Fargate Spot")
    target_cpu_percent: int = whole(60, 10, 90, "CPU use that scaling aims at")
    target_requests_per_minute: int = whole(3000, 1, 1_000_000, "requests a task should get a minute")
    busy_min_tasks: int = whole(0, 0, 1000, "tasks at the least in business hours; 0 for no schedule")
    busy_from_hour: int = whole(7, 0, 23, "hour business begins, in time_zone")
    busy_to_hour: int = whole(19, 0, 23, "hour business ends, in time_zone")
    busy_days: str = text("MON-FRI", DAYS_PATTERN, "days such as MON-FRI", "business days")
    time_zone: str = text(
        "Etc/UTC",
        r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)*",
        "a name such as Europe/Berlin",
        "zone of the schedule and of the times people see",
    )
    exec_access: bool = flag(False, "allow a shell in running containers (ECS Exec)")
    mail_from: str = text("", ADDRESS_PATTERN, "an e-mail address", "sender of mail, verified in Amazon SES")
    log_retention_days: int = _log_retention(365)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.memory_mib not in FARGATE_MEMORY_MIB[self.cpu_units]:
            sizes = ", ".join(map(str, FARGATE_MEMORY_MIB[self.cpu_units]))
            yield "memory_mib", f"must be one of {sizes} with {self.cpu_units} CPU units, got {self.memory_mib}"
        if self.min_tasks > self.max_tasks:
            yield "min_tasks", f"must be at most max_tasks ({self.max_tasks}), got {self.min_tasks}"
        if self.busy_min_tasks > self.max_tasks:
            yield "busy_min_tasks", f"must be at most max_tasks ({self.max_tasks}), got {self.busy_min_tasks}"
        if self.min_tasks == 0 and not self.sleep_after_minutes:
            yield "min_tasks", "may be 0 only with sleep_after_minutes, which wakes the service again, got 0"
        if self.sleep_after_minutes and self.min_tasks:
            yield "sleep_after_minutes", f"needs min_tasks = 0, got min_tasks = {self.min_tasks}"
        if self.busy_min_tasks and self.busy_to_hour <= self.busy_from_hour:
            yield "busy_to_hour", f"must be after busy_from_hour ({self.busy_from_hour}), got {self.busy_to_hour}"
        if 0 < self.sleep_after_minutes < 10:
            yield "sleep_after_minutes", f"must be 0 or at least 10, got {self.sleep_after_minutes}"


@dataclasses.dataclass(frozen=True)
class BackupSettings(Settings):
    """What is kept of the database, how densely and for how long. Days of 0 leave a schedule out."""

    at_hour: int = whole(3, 0, 23, "hour backups begin, in UTC")
    daily_retention_days: int = whole(7, 0, 36500, "days a daily snapshot is kept; 0 for none")
    weekly_retention_days: int = whole(98, 0, 36500, "days a weekly snapshot is kept; 0 for none")
    monthly_retention_days: int = whole(1127, 0, 36500, "days a monthly snapshot is kept, at least 1126; 0 for none")
    deletable: bool = flag(False, "people may delete snapshots before their time")
    own_key: bool = flag(True, "a key of their own for the exports, which outlives the stage's")
    lock: bool = flag(False, "AWS Backup Vault Lock: nobody shortens what is kept")
    lock_days: int = whole(7, 1, 36500, "days for which a locked vault keeps all that it takes, at the least")
    lock_grace_days: int = whole(0, 0, 36500, "days after which the lock can never be removed; 0 is never")
    export: bool = flag(True, "export each monthly snapshot to S3 as Parquet")
    export_warm_days: int = whole(1095, 1095, 36500, "days an export is at hand before it is archived")
    export_retention_days: int = whole(3653, 0, 36500, "days until an export is deleted; 0 is never")
    object_lock: bool = flag(False, "nobody deletes an export while it is warm (S3 Object Lock)")
    restore_test: bool = flag(True, "restore a snapshot every month to prove that it works")
    copy_region: str = text("", REGION_PATTERN, "an AWS region such as eu-west-1", "where copies are kept; empty: none")
    copy_retention_days: int = whole(7, 1, 36500, "days a copy of a daily snapshot is kept")
    log_retention_days: int = _log_retention(365)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if 0 < self.monthly_retention_days < LEAST_MONTHLY_DAYS:
            why = f"{LEAST_MONTHLY_DAYS}, three years and the month until the next one is as old"
            yield "monthly_retention_days", f"must be 0 or at least {why}, got {self.monthly_retention_days}"
        if 0 < self.export_retention_days <= self.export_warm_days:
            yield "export_retention_days", f"must be 0 or more than export_warm_days, got {self.export_retention_days}"
        if self.export and not self.monthly_retention_days:
            yield "export", "needs monthly_retention_days, as monthly snapshots are what is exported"
        if self.copy_region and not (self.daily_retention_days or self.monthly_retention_days):
            yield "copy_region", "needs daily_retention_days or monthly_retention_days, as those are what is copied"
        if 0 < self.lock_grace_days < 3:
            yield "lock_grace_days", f"must be 0 or at least 3, got {self.lock_grace_days}"
        if self.lock and self.deletable:
            yield "deletable", "must be false with lock"
        if self.lock and self.lock_days > self._shortest_days:
            yield "lock_days", f"must be at most {self._shortest_days}, the shortest schedule, got {self.lock_days}"
        if not (self.daily_retention_days or self.weekly_retention_days or self.monthly_retention_days):
            yield "daily_retention_days", "must not be 0 together with weekly_retention_days and monthly_retention_days"

    @property
    def _shortest_days(self) -> int:
        """How long the shortest of the schedules keeps; the monthly one always keeps for years."""
        copies = self.copy_retention_days if self.copy_region else 0
        days = (self.daily_retention_days, self.weekly_retention_days, self.monthly_retention_days, copies)
        return min((each for each in days if each), default=1)


@dataclasses.dataclass(frozen=True)
class MonitoringSettings(Settings):
    """Who is told, about what, and where it says what to do."""

    email: str = text("", ADDRESS_PATTERN, "an e-mail address", "who is told of alarms")
    runbook_url: str = text(
        "docs/runbook.md", r"[!-~]{1,200}", "an address or a path", "the page that alarms link to, a section for each"
    )
    level: str = choice("full", ("essential", "full"), "essential watches errors, backups and cost only")
    dashboard: bool = flag(True, "a dashboard; an account has three for nothing")
    metrics_namespace: str = text(
        "Notejam", r"[A-Za-z0-9_./#-]{1,64}", "letters, digits and _ . / # -", "of the metrics the application emits"
    )
    errors_in_5_minutes: int = whole(10, 1, 1_000_000, "answers with an error (5xx) that are too many")
    slow_seconds: float = number(2, 0.5, 60, "seconds that 99 of 100 requests should stay below")
    monthly_budget_usd: int = whole(0, 0, 1_000_000, "dollars a month for the stage, told at 80 %; 0 for none")


@dataclasses.dataclass(frozen=True)
class Stage(Settings):
    """One independent environment of a project."""

    name: str
    project: str = text("notejam", r"[a-z][a-z0-9-]{1,19}", "2 to 20 letters, digits or -, lower case", "the project")
    region: str = text("us-east-1", REGION_PATTERN, "an AWS region such as eu-central-1", "where the stage runs")
    account: str = text("", r"\d{12}", "12 digits", "AWS account; empty is the caller's")
    size: str = choice("economy", SIZES, "the preset it starts from")
    termination_protection: bool = flag(False, "refuse to delete the stacks")
    approval: bool = flag(False, "the pipeline waits for a person before it changes this stage")
    network: NetworkSettings = dataclasses.field(default_factory=NetworkSettings)
    database: DatabaseSettings = dataclasses.field(default_factory=DatabaseSettings)
    encryption: EncryptionSettings = dataclasses.field(default_factory=EncryptionSettings)
    cdn: CdnSettings = dataclasses.field(default_factory=CdnSettings)
    load_balancer: LoadBalancerSettings = dataclasses.field(default_factory=LoadBalancerSettings)
    cluster: ClusterSettings = dataclasses.field(default_factory=ClusterSettings)
    service: ServiceSettings = dataclasses.field(default_factory=ServiceSettings)
    backups: BackupSettings = dataclasses.field(default_factory=BackupSettings)
    monitoring: MonitoringSettings = dataclasses.field(default_factory=MonitoringSettings)

    @property
    def behind_cdn(self) -> bool:
        """Whether people come over CloudFront: where it is asked for and reaches internal load balancers."""
        return self.cdn.enabled and cloudfront.has_vpc_origins(self.region)

    @property
    def https(self) -> bool:
        """Whether people are served over HTTPS: always over CloudFront, else with a certificate."""
        return self.behind_cdn or self.load_balancer.https

    @property
    def exports(self) -> bool:
        """Whether monthly snapshots are exported: where it is asked for and the region can."""
        return self.backups.export and self.region not in REGIONS_WITHOUT_EXPORT

    @property
    def monthly_retention_days(self) -> int:
        """How long monthly snapshots are kept: as long as an export would be, where there can be none."""
        if self.backups.export and not self.exports:
            return max(self.backups.monthly_retention_days, self.backups.export_retention_days or FOR_EVER_DAYS)
        return self.backups.monthly_retention_days

    @property
    def tests_restores(self) -> bool:
        """Whether a backup is restored every month to prove that it works: where it is asked for and the region can."""
        return self.backups.restore_test and not lacks(self.region, RESTORE_TESTING)

    @property
    def budget_usd(self) -> int:
        """The monthly budget that is watched; 0 for none, and where the region has no budgets."""
        return 0 if lacks(self.region, BUDGET) else self.monitoring.monthly_budget_usd

    @property
    def is_production(self) -> bool:
        """Whether only the approvers' group may approve its changes: a stage of the largest size."""
        return self.size == "resilient"

    @property
    def tags(self) -> dict[str, str]:
        """The tags every stack and resource of the stage carries."""
        return names.tags(self.project, self.name)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.region in TWO_ZONE_REGIONS and self.network.zones > 2:
            yield "network.zones", f"must be 2 in {self.region}, which has two zones, got {self.network.zones}"
        if self.backups.copy_region:
            yield from self._copy_conflicts(self.backups.copy_region)
        place, arn = cloudfront.REGION if self.behind_cdn else self.region, self.load_balancer.certificate_arn
        if arn and f":{place}:" not in arn:
            who = "CloudFront takes" if self.behind_cdn else "the load balancer takes"
            yield "load_balancer.certificate_arn", f"must be a certificate in {place}, from where {who} it, got {arn}"

    def _copy_conflicts(self, copy_region: str) -> Iterator[tuple[str, str]]:
        if copy_region == self.region:
            yield "backups.copy_region", f"must be another region than the stage's, got {copy_region}"
        if any(region.startswith(NO_COPIES) for region in (copy_region, self.region)):
            yield "backups.copy_region", f"must be empty: Aurora copies no snapshots in China, got {copy_region}"

    def warnings(self) -> Iterator[str]:
        """Yield what a person should know before deploying the stage, one sentence each."""
        if not self.https:
            yield "served over HTTP, readable on the way; set load_balancer.domain and hosted_zone_id for HTTPS"
        if self.cdn.enabled and not self.behind_cdn:
            yield f"CloudFront has no VPC origins in {self.region}; the load balancer is public there"
        if not self.service.mail_from:
            yield "sends no mail, so no password can be reset; set service.mail_from to an address verified in SES"
        if not _is_known_zone(self.service.time_zone):
            yield f"no time zone is called {self.service.time_zone!r} on this machine; AWS may refuse service.time_zone"
        if self.backups.export and not self.exports:
            kept = f"monthly snapshots are kept for {self.monthly_retention_days} days instead"
            yield f"{self.region} exports no snapshots to S3; {kept}"
        if self.network.egress == "endpoints" and self.service.mail_from:
            yield "asks for an endpoint of Amazon SES in every zone; where one has none, the network is not created"
        if self.backups.restore_test and not self.tests_restores:
            yield f"{self.region} has no {RESTORE_TESTING}: left out; try a restore yourself from time to time"
        if self.monitoring.monthly_budget_usd and not self.budget_usd:
            yield f"{self.region} has no {BUDGET}: left out; make one in the Billing console, for the tag stage"


@dataclasses.dataclass(frozen=True)
class DeliverySettings(Settings):
    """The way from a push to running containers, and what developers may do on it. There is one for all stages."""

    region: str = text(
        "", REGION_PATTERN, "an AWS region such as eu-central-1", "of the pipeline; empty: that of the stages"
    )
    account: str = text("", r"\d{12}", "12 digits", "AWS account of the pipeline, for stages that have another")
    source: str = choice("codeconnections", SOURCES, "where the pipeline takes the code from")
    git_host: str = choice("GitHub", GIT_HOSTS, "the host of the repository, with codeconnections")
    repository: str = text("", REPOSITORY_PATTERN, "OWNER/NAME", "with codeconnections; empty: asked when deploying")
    connection_arn: str = text("", CONNECTION_PATTERN, "a connection's ARN", "a connection you have; empty: a new one")
    branch: str = text("main", r"[\w./-]{1,255}", "a branch's name", "the branch that is rolled out")
    ignored_paths: str = checked(
        "docs/**,*.md,**/*.md",
        _paths_problem,
        "paths whose changes start nothing, with codeconnections",
        "up to 8 patterns, with commas; empty: none",
    )
    kept_images: int = whole(100, 10, 1000, "images kept besides those that stages run")
    kept_artifact_days: int = whole(90, 7, 3653, "days artifacts are kept, by which a stage can be taken back")
    notify: str = text("", ADDRESS_PATTERN, "an e-mail address", "who is told of failures and approvals")
    log_retention_days: int = _log_retention(365)

    @property
    def ignored(self) -> list[str]:
        """The patterns of paths whose changes start nothing, as CodePipeline's triggers read them."""
        return self.ignored_paths.split(",") if self.ignored_paths else []


@dataclasses.dataclass(frozen=True)
class Project:
    """All of notejam.toml."""

    name: str
    stages: tuple[Stage, ...]
    delivery: DeliverySettings = dataclasses.field(default_factory=DeliverySettings)

    @property
    def delivery_region(self) -> str:
        """The region the pipeline runs in: its own or the first stage's."""
        return self.delivery.region or self.stages[0].region

    @property
    def delivery_gaps(self) -> list[str]:
        """The resource types without which there is no pipeline, and which its region lacks."""
        source = {"codecommit": "AWS::CodeCommit::Repository", "codeconnections": "AWS::CodeConnections::Connection"}
        made = "" if self.delivery.connection_arn else source.get(self.delivery.source, "")
        needed = ("AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project", made)
        return [kind for kind in needed if lacks(self.delivery_region, kind)]

    def is_elsewhere(self, stage: Stage) -> bool:
        """Whether a stage is in another account than the pipeline."""
        return bool(stage.account and self.delivery.account and stage.account != self.delivery.account)

    def warnings(self) -> list[str]:
        """Return what a person should know before deploying, one sentence each."""
        own = [f"delivery: {warning}" for warning in self._delivery_warnings()]
        return [*own, *(f"stages.{stage.name}: {warning}" for stage in self.stages for warning in stage.warnings())]

    def _delivery_warnings(self) -> Iterator[str]:
        if self.delivery_gaps:
            gaps = " and no ".join(self.delivery_gaps)
            yield f"{self.delivery_region} has no {gaps}: left out; set another delivery.region, or delivery.source"
        if len({stage.account for stage in self.stages}) > 1 and not self.delivery.account:
            yield "takes every stage for one of its own account; set delivery.account, since accounts differ"
        if len({stage.service.architecture for stage in self.stages}) > 1:
            yield "one image serves all stages; set the same service.architecture for each"


PRESETS: dict[str, dict[str, Any]] = {
    "economy": {
        "network": {"egress": "ipv6"},
        "encryption": {"keep_key": False, "key_deletion_days": 7},
        "database": {
            "min_acu": 0,
            "max_acu": 2,
            "pause_after_minutes": 5,
            "readers": 0,
            "backup_days": 1,
            "deletion_protection": False,
            "final_snapshot": False,
        },
        "load_balancer": {"deletion_protection": False, "access_log_days": 7},
        "cluster": {"insights": "enabled"},
        "service": {
            "min_tasks": 0,
            "max_tasks": 4,
            "sleep_after_minutes": 60,
            "spot_percent": 100,
            "exec_access": True,
        },
        "backups": {
            "daily_retention_days": 7,
            "weekly_retention_days": 0,
            "monthly_retention_days": 0,
            "deletable": True,
            "own_key": False,
            "export": False,
            "restore_test": False,
        },
        "monitoring": {"level": "essential", "dashboard": False, "monthly_budget_usd": 40},
    },
    "standard": {
        "network": {"egress": "nat"},
        "database": {
            "min_acu": 0,
            "max_acu": 8,
            "pause_after_minutes": 30,
            "readers": 1,
            "backup_days": 7,
            "deletion_protection": False,
            "final_snapshot": True,
        },
        "load_balancer": {"deletion_protection": False, "access_log_days": 90},
        "cluster": {"insights": "enabled"},
        "service": {"min_tasks": 2, "max_tasks": 8, "fargate_base": 1, "spot_percent": 75},
        "monitoring": {"monthly_budget_usd": 250},
    },
    "resilient": {
        "termination_protection": True,
        "approval": True,
        "network": {"egress": "nat-per-zone"},
        "database": {
            "min_acu": 1,
            "max_acu": 32,
            "readers": 2,
            "backup_days": 35,
            "deletion_protection": True,
            "final_snapshot": True,
            "insights": True,
        },
        "load_balancer": {"waf": True, "deletion_protection": True, "access_log_days": 1096},
        "cluster": {"insights": "enhanced"},
        "service": {
            "cpu_units": 512,
            "memory_mib": 1024,
            "min_tasks": 3,
            "max_tasks": 24,
            "busy_min_tasks": 6,
            "fargate_base": 3,
            "spot_percent": 50,
        },
        "backups": {"daily_retention_days": 35, "weekly_retention_days": 371, "lock": True},
        "monitoring": {"monthly_budget_usd": 1500},
    },
}
"""What each size changes from the defaults; notejam.toml then overrides any field."""
