"""E9515: how far back any second can be recovered is decided in one place."""

from __future__ import annotations

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template


class RecoveryOwner(CloudFormationLintRule):
    """RDS keeps point-in-time recovery, and no rule of AWS Backup does.

    Once a continuous rule has taken a database over, RDS refuses every other BackupRetentionPeriod than AWS Backup's: a
    template that says both can change neither.
    """

    id = "E9515"
    shortdesc = "Point-in-time recovery has one owner"
    description = "BackupRetentionPeriod says how far back any second can be recovered, and no backup plan does"
    source_url = "https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each continuous rule of a plan."""
        return [
            RuleMatch(
                ["Resources", name, "Properties", "BackupPlan", "BackupPlanRule", number, "EnableContinuousBackup"],
                "takes over the database's BackupRetentionPeriod, which could not be changed any more: leave it out",
            )
            for name, plan in cfn.get_resources("AWS::Backup::BackupPlan").items()
            for number, rule in enumerate(plan.get("Properties", {}).get("BackupPlan", {}).get("BackupPlanRule", []))
            if isinstance(rule, dict) and rule.get("EnableContinuousBackup") in (True, "true")
        ]
