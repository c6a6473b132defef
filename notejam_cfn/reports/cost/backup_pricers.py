"""What is charged for snapshots, and for their copies in another region."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...core.evaluated import EvaluatedTemplate
from .pricers import DAYS_A_MONTH, DAYS_OF, PriceComponent, Pricer, Properties, Stage


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


BACKUP_PRICERS: Mapping[str, Pricer] = {"AWS::Backup::BackupPlan": _backup_plan}
