"""What is kept of the database."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ..fields import Settings, flag, text, whole
from .common import REGION_PATTERN, log_retention

THREE_YEARS = 1095


# The longest that AWS Backup keeps a snapshot of its own accord: a hundred years.
FOR_EVER_DAYS = 36500


# The oldest must stay until the next one is three years old, which is a month later.
LEAST_MONTHLY_DAYS = THREE_YEARS + 31


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
    log_retention_days: int = log_retention(365)

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
