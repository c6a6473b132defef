"""SQLite: one file on a laptop."""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase

from ..errors import DatabaseUnavailable
from ..runtime.logs import kind_of
from ..settings import Settings
from .pool import Pool
from .pooled import SLOW_THREADS, PooledDatabase

log = logging.getLogger("notejam.database")

sqlite3.register_converter("DATETIME", lambda value: dt.datetime.fromisoformat(value.decode()))
sqlite3.register_adapter(dt.datetime, lambda value: value.isoformat(" "))


class Sqlite(PooledDatabase, SqliteDatabase):
    """One file on a laptop."""

    byte_length, position, greatest = "length(CAST(text AS blob))", "instr", "max"

    def __init__(self, settings: Settings) -> None:
        self.pool = Pool(
            self._open, lambda connection: False, settings.threads + SLOW_THREADS, settings.database_idle_seconds
        )
        super().__init__(settings.database_path)

    def _fetch(self, sql: str, params: tuple[Any, ...]) -> Any:
        return super()._fetch(sql.replace("%s", "?"), params)

    def _open(self) -> Any:
        try:
            connection = sqlite3.connect(
                self.database,
                timeout=10,
                isolation_level=None,
                check_same_thread=False,
                detect_types=sqlite3.PARSE_DECLTYPES,
            )
            Path(self.database).chmod(0o600)
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute("PRAGMA synchronous = normal")
            connection.execute("PRAGMA foreign_keys = on")
            # Pages are read where the kernel has them, which makes looking through all notes three times as quick.
            connection.execute("PRAGMA mmap_size = 268435456")
        except sqlite3.DatabaseError as error:
            log.exception("database unavailable")
            raise DatabaseUnavailable(kind_of(error)) from None
        return connection

    def _is_clean(self, connection: Any) -> bool:
        return not connection.in_transaction
