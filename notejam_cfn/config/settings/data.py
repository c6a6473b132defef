"""The Aurora cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ..fields import Settings, flag, number, text, whole
from .common import log_retention

# The databases that a cluster has by itself, a word that RDS keeps, and the words that PostgreSQL reserves, also those
# that may name functions: RDS passes the name to the engine without quotes. Source: PostgreSQL, "SQL Key Words".
_RESERVED = """
authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull
join left like natural notnull outer overlaps right similar tablesample verbose
postgres template0 template1 rdsadmin admin db all analyse analyze and any array as asc asymmetric
both case cast check collate column constraint create current_catalog current_date current_role
current_time current_timestamp current_user default deferrable desc distinct do else end except
false fetch for foreign from grant group having in initially intersect into lateral leading limit
localtime localtimestamp not null offset on only or order placing primary references returning
select session_user some symmetric system_user table then to trailing true union unique user using
variadic when where window with
"""


# The first minor version of a major one that pauses at 0 units; all of later ones do.
# Source: Amazon Aurora User Guide, "Scaling to Zero ACUs with automatic pause and resume for Aurora Serverless v2".
FIRST_THAT_PAUSES = {14: 12, 15: 7, 16: 3}


RESERVED_DATABASE_NAMES = frozenset(_RESERVED.split())


@dataclasses.dataclass(frozen=True)
class DatabaseSettings(Settings):
    """The Aurora cluster: its capacity in Aurora capacity units (1 unit is about 2 GiB), readers and protection."""

    engine_version: str = text(
        "17",
        r"1[4-8](\.\d{1,2})?",
        "14 to 18, or a minor one such as 17.7 to begin with",
        "Aurora PostgreSQL version; AWS upgrades minor ones",
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
        major, _, minor = self.engine_version.partition(".")
        if minor and self.min_acu == 0 and int(minor) < FIRST_THAT_PAUSES.get(int(major), 0):
            first = f"{major}.{FIRST_THAT_PAUSES[int(major)]}"
            yield "engine_version", f"must be {first} or later with min_acu = 0, got {self.engine_version}"
        if self.min_acu > self.max_acu:
            yield "min_acu", f"must be at most max_acu ({self.max_acu:g}), got {self.min_acu:g}"
