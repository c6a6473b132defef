"""Versions of notes, the trash, time zones, and what the search of both databases reads.

Every column may be null or has a default that costs no rewrite of the table, so nothing waits. What is derived of old
notes is made when their owner searches first. The generated column of 0001 goes: no release has used it.
"""

from __future__ import annotations

from typing import Any

import peewee as pw

COLUMNS = (
    ("users", "time_zone varchar(64) NOT NULL DEFAULT ''"),
    ("pads", "deleted_at {moment}"),
    ("notes", "deleted_at {moment}"),
    ("notes", "version integer NOT NULL DEFAULT 1"),
    ("notes", "summary varchar(200)"),
    ("notes", "folded text"),
    ("notes", "folded_at {moment}"),
)


def up(migrator: Any, db: Any) -> None:
    is_postgres = isinstance(db, pw.PostgresqlDatabase)
    for table, column in COLUMNS:
        moment = "timestamp" if is_postgres else "datetime"
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column.format(moment=moment)}")
    if is_postgres:
        # A trusted extension: whoever may create in the database may create it, on Aurora too.
        db.execute_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        db.execute_sql("ALTER TABLE notes DROP COLUMN search")
