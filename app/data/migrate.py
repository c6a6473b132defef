"""Bring the database's tables up to date, once, however many tasks start at the same moment."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhouse.migrations import Runner

from ..settings import Settings
from . import previews
from .database import new_database
from .models import Attempts, Session, database, now
from .pooled import PooledDatabase
from .sqlite import Sqlite
from .trash import sweep_trash

log = logging.getLogger("notejam.migrate")
MIGRATIONS = Path(__file__).parent / "migrations"
# Any number nobody else uses in this database: the name of the lock.
LOCK = 7_665_847_411
SECONDS_BETWEEN_TRIES = 0.2


def migrate(settings: Settings) -> list[str]:
    """Apply what is pending and return the names; wait for another task that is already at it.

    A preview's database is made first, where it is missing.
    Sessions, counters and trash that expired are deleted on the way: every rollout passes here.
    """
    if settings.database_host and settings.database_created_from:
        previews.create_missing(settings)
    connection = new_database(settings)
    database.initialize(connection)
    with connection.connection_context(), _one_at_a_time(connection):
        applied: list[str] = Runner(connection, str(MIGRATIONS)).up()
        Attempts.sweep()
        Session.delete().where(Session.expires_at <= now()).execute()
        sweep_trash()
    connection.pool.close_idle()
    log.info("database is up to date", extra={"applied": applied})
    return applied


@contextmanager
def _one_at_a_time(connection: PooledDatabase) -> Iterator[None]:
    if isinstance(connection, Sqlite):
        # A lock beside the file, not a transaction around the work: inside one, foreign keys cannot be switched off,
        # and rebuilding a table would delete the rows that refer to it.
        with Path(f"{connection.database}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    # Waiting for the lock, and the work of a migration, may take longer than a page's statement ever should.
    connection.execute_sql("SET statement_timeout = 0")
    connection.execute_sql("SET lock_timeout = 0")
    # Asked for again and again: a statement that waits for the lock would hold up CREATE INDEX CONCURRENTLY, which
    # waits until every statement that began before it has ended.
    while not connection.rows("SELECT pg_try_advisory_lock(%s)", LOCK)[0][0]:
        time.sleep(SECONDS_BETWEEN_TRIES)
    try:
        yield
    finally:
        connection.execute_sql("SELECT pg_advisory_unlock(%s)", (LOCK,))
