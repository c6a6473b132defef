"""A stage: all its settings, and what they must have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ...core import cloudfront, names
from ...core.regions import NO_COPIES, REGIONS_WITHOUT_EXPORT, TWO_ZONE_REGIONS, lacks
from ..fields import Settings, choice, flag, text
from .backup import FOR_EVER_DAYS, BackupSettings
from .common import REGION_PATTERN
from .containers import ClusterSettings, ServiceSettings, is_known_zone
from .data import DatabaseSettings
from .load_balancing import CdnSettings, LoadBalancerSettings
from .monitoring import MonitoringSettings
from .network import EncryptionSettings, NetworkSettings
from .previews import ENDED_PRIORITY, PreviewSettings

PROJECT_PATTERN = r"(?=.{2,20}$)[a-z][a-z0-9]*(-[a-z0-9]+)*"
PROJECT_WORDS = "2 to 20 letters, digits and single hyphens, lower case"
SIZES = ("economy", "standard", "resilient")


RESTORE_TESTING, BUDGET = "AWS::Backup::RestoreTestingPlan", "AWS::Budgets::Budget"


@dataclasses.dataclass(frozen=True)
class Stage(Settings):
    """One independent environment of a project."""

    name: str
    project: str = text("app", PROJECT_PATTERN, PROJECT_WORDS, "the project")
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
    previews: PreviewSettings = dataclasses.field(default_factory=PreviewSettings)

    @property
    def behind_cdn(self) -> bool:
        """Whether people come over CloudFront: where it is asked for and reaches internal load balancers."""
        return self.cdn.enabled and self.region in cloudfront.regions_with_vpc_origins()

    @property
    def https(self) -> bool:
        """Whether people are served over HTTPS: always over CloudFront, else with a certificate."""
        return self.behind_cdn or self.load_balancer.https

    @property
    def backups_in_region(self) -> BackupSettings:
        """The backups as far as the region can make them: exports of snapshots, and restores that prove they work.

        Where there can be no export, monthly snapshots are kept as long as it would be.
        """
        asked = self.backups
        exports = asked.export and self.region not in REGIONS_WITHOUT_EXPORT
        tests = asked.restore_test and not lacks(self.region, RESTORE_TESTING)
        days = asked.monthly_retention_days
        if asked.export and not exports:
            days = max(days, asked.export_retention_days or FOR_EVER_DAYS)
        return dataclasses.replace(asked, export=exports, restore_test=tests, monthly_retention_days=days)

    @property
    def monitoring_in_region(self) -> MonitoringSettings:
        """What is watched, without the budget where the region has none."""
        return dataclasses.replace(self.monitoring, monthly_budget_usd=self.budget_usd)

    @property
    def budget_usd(self) -> int:
        """The monthly budget that is watched; 0 for none, and where the region has no budgets."""
        return 0 if lacks(self.region, BUDGET) else self.monitoring.monthly_budget_usd

    @property
    def allows_previews(self) -> bool:
        """Whether developers may make previews: where it is asked for and CloudFront gives each an address."""
        return self.previews.enabled and self.behind_cdn

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
        if copy_region := self.backups.copy_region:
            if copy_region == self.region:
                yield "backups.copy_region", f"must be another region than the stage's, got {copy_region}"
            if any(region.startswith(NO_COPIES) for region in (copy_region, self.region)):
                yield "backups.copy_region", f"must be empty: Aurora copies no snapshots in China, got {copy_region}"
        place, arn = cloudfront.REGION if self.behind_cdn else self.region, self.load_balancer.certificate_arn
        if arn and f":{place}:" not in arn:
            who = "CloudFront takes" if self.behind_cdn else "the load balancer takes"
            yield "load_balancer.certificate_arn", f"must be a certificate in {place}, from where {who} it, got {arn}"
        if self.previews.enabled and self.is_production:
            why = "previews run in the stage's own roles"
            yield "previews.enabled", f"must be false in a stage of size resilient: {why}"
        if self.previews.enabled and 0 < self.service.priority <= ENDED_PRIORITY:
            least = f"must be above {ENDED_PRIORITY} with previews, whose rules come first"
            yield "service.priority", f"{least}, got {self.service.priority}"

    def warnings(self) -> Iterator[str]:
        """Yield what a person should know before deploying the stage, one sentence each."""
        if not self.https:
            yield "served over HTTP, readable on the way; set load_balancer.domain and hosted_zone_id for HTTPS"
        if self.cdn.enabled and not self.behind_cdn:
            yield f"CloudFront has no VPC origins in {self.region}; the load balancer is public there"
        if self.previews.enabled and not self.allows_previews:
            yield "allows no previews: each needs an address of CloudFront's"
        if not self.service.mail_from:
            yield "sends no mail, so no password can be reset; set service.mail_from to an address verified in SES"
        if not is_known_zone(self.service.time_zone):
            yield f"no time zone is called {self.service.time_zone!r} on this machine; AWS may refuse service.time_zone"
        backups = self.backups_in_region
        if self.backups.export and not backups.export:
            kept = f"monthly snapshots are kept for {backups.monthly_retention_days} days instead"
            yield f"{self.region} exports no snapshots to S3; {kept}"
        if self.network.egress == "endpoints" and self.service.mail_from:
            yield "asks for an endpoint of Amazon SES in every zone; where one has none, the network is not created"
        if self.backups.restore_test and not backups.restore_test:
            yield f"{self.region} has no {RESTORE_TESTING}: left out; try a restore yourself from time to time"
        if self.monitoring.monthly_budget_usd and not self.budget_usd:
            yield f"{self.region} has no {BUDGET}: left out; make one in the Billing console, for the tag stage"
