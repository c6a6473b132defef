"""Databases of previews: made by a preview's first migration in the cluster of its stage, dropped when it has ended.

A database is named after the unique part of the id of the preview's stack, so that a preview made again under its name
begins anew, and dropping what is left of the one before takes nothing from it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..errors import SettingsError
from ..settings import Settings
from .database import new_database
from .pooled import PooledDatabase

log = logging.getLogger("notejam.previews")
# Any number that nobody else uses in the stage's own database: the name of the lock.
LOCK = 7_665_847_412
STACK_ID = re.compile(
    r"arn:[a-z-]+:cloudformation:[a-z0-9-]+:\d{12}:stack/[a-zA-Z0-9-]+-preview-[a-z0-9-]+/([0-9a-f-]{36})"
)


def create_missing(settings: Settings) -> None:
    """Create the database when it is not there yet, once, however many tasks start at the same moment."""
    with _connected(settings, settings.database_created_from) as connection:
        connection.rows("SELECT pg_advisory_lock(%s)", LOCK)  # ends with the connection
        if not connection.rows("SELECT 1 FROM pg_database WHERE datname = %s", settings.database_name):
            connection.execute_sql(f"CREATE DATABASE {_quoted(settings.database_name)}")
            log.info("database created", extra={"database": settings.database_name})


def drop(settings: Settings, stack_id: str) -> None:
    """Drop the database of a preview that has ended, and whoever is still connected to it.

    Raises SettingsError for an id that is not of a preview's stack.
    """
    name = database_of(stack_id)
    with _connected(settings, settings.database_name) as connection:
        connection.execute_sql(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")
    log.info("database dropped", extra={"database": name})


def database_of(stack_id: str) -> str:
    """Return the name of the database of a preview's stack, as its template forms it."""
    found = STACK_ID.fullmatch(stack_id)
    if not found:
        raise SettingsError(f"drop-preview takes the id of a preview's stack, got {stack_id}")
    return f"preview_{found[1]}"


@contextmanager
def _connected(settings: Settings, name: str) -> Iterator[PooledDatabase]:
    connection = new_database(replace(settings, database_name=name))
    with connection.connection_context():
        # Copying the template database, and waiting for its lock, may take longer than a page's statement ever should.
        connection.execute_sql("SET statement_timeout = 0")
        connection.execute_sql("SET lock_timeout = 0")
        yield connection
    connection.pool.close_idle()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
