"""The two databases Notejam runs on, behind one interface: `rows` for hot queries, Peewee's for everything else.

Trouble is ordinary here: connections die in a failover, the database pauses when nobody uses it, its password rotates.
All of that is handled where connections are opened and statements are run, so that handlers know nothing of it.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import peewee
from peewee import PostgresqlDatabase, SqliteDatabase

from ..errors import DatabaseUnavailable
from ..runtime.logs import kind_of
from ..settings import Settings
from .credentials import Credentials
from .pool import Pool, hangs_up

log = logging.getLogger("notejam.database")
# Beside the threads that make pages: those that make exports.
SLOW_THREADS = 2
SECONDS_BETWEEN_TRIES = 0.25
# Statements are cut off by the server, so that one bad query or one lock cannot hold a thread for long.
STATEMENT_TIMEOUT_MS, LOCK_TIMEOUT_MS = 10_000, 3_000

sqlite3.register_converter("DATETIME", lambda value: dt.datetime.fromisoformat(value.decode()))
sqlite3.register_adapter(dt.datetime, lambda value: value.isoformat(" "))


class _Spent(threading.local):
    seconds = 0.0


class PooledDatabase(peewee.Database):
    """What both databases share: the pool, the time spent in statements, and one retry of what a failover lost."""

    pool: Pool
    spent = _Spent()
    event_loop_thread: int | None = None
    # Peewee's own, which its type stubs leave out.
    _state: Any
    _execute_cursor: Any
    _set_server_version: Any

    def connect(self, reuse_if_open: bool = False) -> bool:
        """Borrow a connection for this thread.

        Replaces Peewee's version, whose lock over the whole database would let one slow connect stop every thread.
        """
        if not self._state.closed:
            return False
        if threading.get_ident() == PooledDatabase.event_loop_thread:
            raise RuntimeError("a page that is answered on the event loop must not ask the database")
        self._adopt(self.pool.borrow())
        return True

    def close(self) -> bool:
        """Return this thread's connection to the pool."""
        if self._state.closed:
            return False
        connection, reusable = self._state.conn, self._is_clean(self._state.conn)
        self._state.reset()
        self.pool.give_back(connection, reusable)
        return True

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """Run a statement written with %s for its parameters and return all rows as tuples."""
        return self.execute_sql(sql, params).fetchall()  # type: ignore[no-any-return]

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement; run it once more on a new connection if it surely changed nothing the first time."""
        started = time.perf_counter()
        try:
            return self._execute_cursor(sql, params)
        except (peewee.OperationalError, peewee.InterfaceError, peewee.InternalError) as error:
            if not self._worth_retrying(sql, error):
                self._part_from_demoted(error)
                raise
            log.warning("database connection replaced", extra={"error": kind_of(error)})
            self._adopt(self.pool.replace(self._state.conn))
            return self._execute_cursor(sql, params)
        finally:
            self.spent.seconds += time.perf_counter() - started

    def ping(self) -> None:
        """Ask the database for an answer, for /readyz."""
        self.rows("SELECT 1")

    def _adopt(self, connection: Any) -> None:
        self._state.reset()
        self._state.set_connection(connection)
        if self.server_version is None:
            self._set_server_version(connection)

    def _is_clean(self, connection: Any) -> bool:
        raise NotImplementedError

    def _worth_retrying(self, sql: str, error: Exception) -> bool:
        return False

    def _part_from_demoted(self, error: Exception) -> None:
        """Close a connection that leads to a server which is no longer the writer, so that nobody borrows it again."""
        if _is_refused_write(error):
            self._state.conn.close()


class Postgres(PooledDatabase, PostgresqlDatabase):
    """Aurora PostgreSQL, or any other PostgreSQL, through psycopg 3."""

    byte_length = "octet_length(text)"

    def __init__(self, settings: Settings, most_seconds: float) -> None:
        self.credentials = Credentials(settings)
        self.wait_seconds = min(settings.database_wait_seconds, most_seconds)
        self.pool = Pool(self._open, _is_broken, settings.threads + SLOW_THREADS, settings.database_idle_seconds)
        connection_options: dict[str, Any] = _trust(settings) | _give_up_on_silent_hosts()
        super().__init__(
            settings.database_name,
            prefer_psycopg3=True,
            host=settings.database_host,
            port=settings.database_port,
            sslmode=settings.database_sslmode,
            application_name=f"notejam-{settings.stage}",
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC",
            **connection_options,
        )

    def _open(self) -> Any:
        """Connect; wait for a database that is paused, starting or failing over until `wait_seconds` are over."""
        deadline = time.monotonic() + self.wait_seconds
        while True:
            password = self.credentials.password
            try:
                return self._connect_once(password, deadline - time.monotonic())
            except _driver().OperationalError as error:
                self._consider(error, password, deadline)

    def _connect_once(self, password: str, seconds: float) -> Any:
        connection = _driver().connect(
            dbname=self.database,
            user=self.credentials.user,
            password=password,
            connect_timeout=max(2, int(seconds)),
            autocommit=True,
            **self.connect_params,
        )
        connection.prepare_threshold = 2
        return connection

    def _consider(self, error: Exception, password: str, deadline: float) -> None:
        """Return when connecting again may work, after the pause it needs; raise otherwise."""
        if _is_refused_password(error) and self._has_new_password(password):
            return
        if _is_permanent(error) or time.monotonic() + SECONDS_BETWEEN_TRIES >= deadline:
            cause = _cause(error)
            log.error("database unavailable", extra={"error": f"{kind_of(error)}: {cause}"})
            raise DatabaseUnavailable(cause) from None
        time.sleep(SECONDS_BETWEEN_TRIES)

    def _has_new_password(self, refused: str) -> bool:
        try:
            return self.credentials.refresh(refused)
        except Exception:  # Secrets Manager may be out of reach too; the visitor gets the same 503
            log.exception("database password not read")
            return False

    def _is_clean(self, connection: Any) -> bool:
        return bool(connection.pgconn.transaction_status == 0)

    def _worth_retrying(self, sql: str, error: Exception) -> bool:
        """Outside a transaction: a read whose connection died, or a write that a demoted writer refused."""
        if self.in_transaction() or self._state.closed:
            return False
        if _is_refused_write(error):
            return True
        return sql.lstrip()[:6].upper() == "SELECT" and _is_broken(self._state.conn)


class Sqlite(PooledDatabase, SqliteDatabase):
    """One file on a laptop."""

    byte_length = "length(CAST(text AS blob))"

    def __init__(self, settings: Settings) -> None:
        self.pool = Pool(self._open, _is_never_broken, settings.threads + SLOW_THREADS, settings.database_idle_seconds)
        super().__init__(settings.database_path)

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """As the base class, in SQLite's spelling of parameters."""
        return super().rows(sql.replace("%s", "?"), *params)

    def _open(self) -> Any:
        try:
            return self._connect_once()
        except sqlite3.DatabaseError as error:
            log.exception("database unavailable")
            raise DatabaseUnavailable(kind_of(error)) from None

    def _connect_once(self) -> Any:
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
        return connection

    def _is_clean(self, connection: Any) -> bool:
        return not connection.in_transaction


def new_database(settings: Settings, most_seconds: float = math.inf) -> Postgres | Sqlite:
    """Return the database the settings name: PostgreSQL when there is a host, else a SQLite file.

    `most_seconds` bounds `DATABASE_WAIT_SECONDS` where somebody waits who would give up earlier.
    """
    return Postgres(settings, most_seconds) if settings.database_host else Sqlite(settings)


def _driver() -> Any:
    # Imported here, so that a laptop with SQLite can do without it.
    import psycopg

    return psycopg


def _trust(settings: Settings) -> dict[str, Any]:
    if not settings.database_sslmode.startswith("verify"):
        return {}
    return {"sslrootcert": settings.pgsslrootcert}


def _give_up_on_silent_hosts() -> dict[str, Any]:
    """After a failover the old writer may not even refuse; the kernel must notice within seconds, not minutes."""
    return {"keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 10_000}


def _is_broken(connection: Any) -> bool:
    return bool(connection.closed or connection.broken or hangs_up(connection.fileno()))


def _is_never_broken(connection: Any) -> bool:
    return False


def _is_refused_password(error: Exception) -> bool:
    # libpq reports no SQLSTATE for a connection that never came to be; these words are the server's, in English on RDS.
    return "authentication failed" in str(error)


def _is_permanent(error: Exception) -> bool:
    text = str(error)
    return any(words in text for words in ("authentication failed", "does not exist", "certificate", "SSL error"))


def _is_refused_write(error: BaseException | None) -> bool:
    while error is not None:
        if getattr(error, "sqlstate", None) == "25006":
            return True
        error = getattr(error, "orig", None) or error.__cause__
    return False


# libpq tells why it could not connect in words alone. These are safe to log; the rest of its message may not be.
_CAUSES = (
    "authentication failed",
    "connection refused",
    "does not exist",
    "too many clients",
    "remaining connection slots",
    "starting up",
    "shutting down",
    "could not translate host name",
    "name or service not known",
    "network is unreachable",
    "no route to host",
    "certificate",
    "SSL error",
    "timeout expired",
)


def _cause(error: Exception) -> str:
    text = str(error).lower()
    return next((words for words in _CAUSES if words.lower() in text), "no connection")
