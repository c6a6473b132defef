"""The Aurora cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ..fields import Settings, flag, number, text, whole
from .common import log_retention

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


@dataclasses.dataclass(frozen=True)
class DatabaseSettings(Settings):
    """The Aurora cluster: its capacity in Aurora capacity units (1 unit is about 2 GiB), readers and protection."""

    engine_version: str = text(
        "17", r"\d+(\.\d+)?", "17, or 17.7 to begin with", "Aurora PostgreSQL version; AWS upgrades minor ones"
    )
    database_name: str = text("app", r"[a-z][a-z0-9_]{0,62}", "1 to 63 letters, digits or _", "first database")
    min_acu: float = number(0, 0, 256, "capacity units when idle; 0 lets the database pause")
    max_acu: float = number(4, 1, 256, "capacity units at the most")
    pause_after_minutes: int = whole(30, 5, 1440, "minutes without a connection before it pauses")
    readers: int = whole(0, 0, 15, "readers, each in another zone than the one before")
    backup_days: int = whole(7, 1, 35, "days of point-in-time recovery")
    deletion_protection: bool = flag(True, "refuse to delete the cluster")
    final_snapshot: bool = flag(True, "take a snapshot when the stack is deleted")
    insights: bool = flag(False, "Performance Insights, kept for 7 days")
    log_retention_days: int = log_retention(365)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.database_name in RESERVED_DATABASE_NAMES:
            yield "database_name", f"must not be a word that the engine keeps for itself, got {self.database_name}"
        if self.min_acu > self.max_acu:
            yield "min_acu", f"must be at most max_acu ({self.max_acu:g}), got {self.min_acu:g}"
