"""What the list of sessions shows. The columns may be empty or have a default, so that nothing waits for them."""

from __future__ import annotations

from typing import Any

import peewee as pw


def up(migrator: Any, db: Any) -> None:
    moment = "timestamp" if isinstance(db, pw.PostgresqlDatabase) else "datetime"
    db.execute_sql(f"ALTER TABLE sessions ADD COLUMN seen_at {moment}")
    db.execute_sql("ALTER TABLE sessions ADD COLUMN browser varchar(60) NOT NULL DEFAULT ''")
