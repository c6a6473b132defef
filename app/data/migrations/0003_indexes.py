"""Indexes of the search and the trash, made while people go on writing."""

from __future__ import annotations

from typing import Any

import peewee as pw

# CREATE INDEX CONCURRENTLY cannot be part of a transaction.
atomic = False

INDEXES = {
    # Looked through at each search, to make what is derived of notes where it is missing: usually nothing.
    "notes_underived": "ON notes (user_id) WHERE folded_at IS DISTINCT FROM updated_at",
    "notes_deleted_at": "ON notes (deleted_at) WHERE deleted_at IS NOT NULL",
    "pads_deleted_at": "ON pads (deleted_at) WHERE deleted_at IS NOT NULL",
}
TRIGRAMS = {"notes_folded": "ON notes USING gin (folded gin_trgm_ops)"}


def up(migrator: Any, db: Any) -> None:
    is_postgres = isinstance(db, pw.PostgresqlDatabase)
    concurrently = "CONCURRENTLY" if is_postgres else ""
    for name, what in (INDEXES | TRIGRAMS if is_postgres else INDEXES).items():
        # One that was interrupted stays behind, invalid.
        db.execute_sql(f"DROP INDEX {concurrently} IF EXISTS {name}")
        db.execute_sql(f"CREATE INDEX {concurrently} {name} {what}")
