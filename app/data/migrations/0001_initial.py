"""Users, pads, notes, and what keeps them safe: sessions, pending resets, counted attempts.

The models are frozen copies: a migration must go on meaning what it meant when app/data/models.py has moved on.
"""

from __future__ import annotations

from typing import Any

import peewee as pw

EMPTY = pw.SQL("DEFAULT ''")
# Of what is in the trash, which few rows are.
INDEXES = {
    "notes_deleted_at": "ON notes (deleted_at) WHERE deleted_at IS NOT NULL",
    "pads_deleted_at": "ON pads (deleted_at) WHERE deleted_at IS NOT NULL",
}
TRIGRAMS = {"notes_folded": "ON notes USING gin (folded gin_trgm_ops)"}


class User(pw.Model):
    id = pw.BigAutoField()
    email = pw.CharField(max_length=75, unique=True)
    password_hash = pw.CharField(max_length=200)
    time_zone = pw.CharField(max_length=64, constraints=[EMPTY])

    class Meta:
        table_name = "users"


class Pad(pw.Model):
    id = pw.BigAutoField()
    user = pw.ForeignKeyField(User, on_delete="CASCADE")
    name = pw.CharField(max_length=100)
    deleted_at = pw.DateTimeField(null=True)

    class Meta:
        table_name = "pads"


class Note(pw.Model):
    id = pw.BigAutoField()
    user = pw.ForeignKeyField(User, on_delete="CASCADE", index=False)
    pad = pw.ForeignKeyField(Pad, null=True, on_delete="CASCADE")
    name = pw.CharField(max_length=100)
    text = pw.TextField()
    created_at = pw.DateTimeField()
    updated_at = pw.DateTimeField()
    version = pw.IntegerField(constraints=[pw.SQL("DEFAULT 1")])
    deleted_at = pw.DateTimeField(null=True)
    summary = pw.CharField(max_length=200)
    folded = pw.TextField()

    class Meta:
        table_name = "notes"
        indexes = ((("user", "updated_at"), False),)


class Session(pw.Model):
    id = pw.CharField(max_length=22, primary_key=True)
    user = pw.ForeignKeyField(User, on_delete="CASCADE")
    expires_at = pw.DateTimeField()
    seen_at = pw.DateTimeField()
    browser = pw.CharField(max_length=60, constraints=[EMPTY])

    class Meta:
        table_name = "sessions"


class PasswordReset(pw.Model):
    user = pw.ForeignKeyField(User, on_delete="CASCADE", primary_key=True)
    token_hash = pw.CharField(max_length=64, unique=True)
    expires_at = pw.DateTimeField()

    class Meta:
        table_name = "password_resets"


class Attempts(pw.Model):
    key = pw.CharField(max_length=64, primary_key=True)
    count = pw.IntegerField()
    expires_at = pw.DateTimeField(index=True)

    class Meta:
        table_name = "attempts"


def up(migrator: Any, db: Any) -> None:
    tables = (User, Pad, Note, Session, PasswordReset, Attempts)
    db.bind(tables)
    db.create_tables(tables)
    is_postgres = isinstance(db, pw.PostgresqlDatabase)
    if is_postgres:
        # A trusted extension: whoever may create in the database may create it, on Aurora too.
        db.execute_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for name, what in (INDEXES | TRIGRAMS if is_postgres else INDEXES).items():
        db.execute_sql(f"CREATE INDEX {name} {what}")
