"""PostgreSQL, Aurora's or any other, through psycopg 3: opening connections in all weathers, and trying again."""

from __future__ import annotations

import logging
import time
from typing import Any

import psycopg
from peewee import PostgresqlDatabase, __exception_wrapper__  # type: ignore[attr-defined]

from ..errors import DatabaseUnavailable
from ..runtime.logs import kind_of
from ..settings import Settings
from .credentials import Credentials
from .pool import Pool, hangs_up
from .pooled import SLOW_THREADS, PooledDatabase, is_refused_write
from .statements import Statements

log = logging.getLogger("notejam.database")
SECONDS_BETWEEN_TRIES = 0.25
# Statements are cut off by the server, so that one bad query or one lock cannot hold a thread for long.
STATEMENT_TIMEOUT_MS, LOCK_TIMEOUT_MS = 10_000, 3_000


class Postgres(PooledDatabase, PostgresqlDatabase):
    """Aurora PostgreSQL, or any other PostgreSQL, through psycopg 3."""

    byte_length, position, greatest = "octet_length(text)", "strpos", "greatest"

    def __init__(self, settings: Settings, most_seconds: float) -> None:
        self.credentials = Credentials(settings)
        self.wait_seconds = min(settings.database_wait_seconds, most_seconds)
        self.pool = Pool(self._open, _is_broken, settings.threads + SLOW_THREADS, settings.database_idle_seconds)
        is_verified = settings.database_sslmode.startswith("verify")
        trust = {"sslrootcert": settings.pgsslrootcert} if is_verified else {}
        super().__init__(
            settings.database_name,
            prefer_psycopg3=True,
            host=settings.database_host,
            port=settings.database_port,
            sslmode=settings.database_sslmode,
            application_name=f"notejam-{settings.stage}",
            options=f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS} -c timezone=UTC",
            # After a failover the old writer may not even refuse; the kernel must notice within seconds, not minutes.
            keepalives_idle=10,
            keepalives_interval=3,
            keepalives_count=3,
            tcp_user_timeout=10_000,
            **trust,
        )

    def _open(self) -> Any:
        """Connect; wait for a database that is paused, starting or failing over until `wait_seconds` are over."""
        deadline = time.monotonic() + self.wait_seconds
        while True:
            password = self.credentials.password
            try:
                connection: Any = psycopg.connect(
                    dbname=self.database,
                    user=self.credentials.user,
                    password=password,
                    connect_timeout=max(2, int(deadline - time.monotonic())),
                    autocommit=True,
                    **self.connect_params,
                )
            except psycopg.OperationalError as error:
                self._consider(error, password, deadline)
            else:
                connection.statements = Statements(connection)
                return connection

    def _fetch(self, sql: str, params: tuple[Any, ...]) -> Any:
        with __exception_wrapper__:
            if self._state.closed:
                self.connect()
            return self._state.conn.statements.rows(sql, params)

    def _consider(self, error: Exception, password: str, deadline: float) -> None:
        """Return when connecting again may work, after the pause it needs; raise otherwise."""
        cause = next((words for words in _CAUSES if words.lower() in str(error).lower()), "no connection")
        if cause == "authentication failed":
            try:
                if self.credentials.refresh(password):
                    return
            except Exception:  # Secrets Manager may be out of reach too; the visitor gets the same 503
                log.exception("database password not read")
        if cause in _PERMANENT or time.monotonic() + SECONDS_BETWEEN_TRIES >= deadline:
            log.error("database unavailable", extra={"error": f"{kind_of(error)}: {cause}"})
            raise DatabaseUnavailable(cause) from None
        time.sleep(SECONDS_BETWEEN_TRIES)

    def _is_clean(self, connection: Any) -> bool:
        return bool(connection.pgconn.transaction_status == 0)

    def _worth_retrying(self, sql: str, error: Exception) -> bool:
        """Outside a transaction: a read whose connection died, or a write that a demoted writer refused."""
        if self.in_transaction() or self._state.closed:
            return False
        if is_refused_write(error):
            return True
        return sql.lstrip()[:6].upper() == "SELECT" and _is_broken(self._state.conn)


def _is_broken(connection: Any) -> bool:
    return bool(connection.closed or connection.broken or hangs_up(connection.fileno()))


# libpq tells why it could not connect in words alone, without an SQLSTATE: its own, and the server's, in English on
# RDS. These are safe to log; the rest of its message may not be. Of several addresses the lasting cause counts.
_PERMANENT = ("authentication failed", "does not exist", "certificate", "SSL error")
_CAUSES = (
    *_PERMANENT,
    "connection refused",
    "too many clients",
    "remaining connection slots",
    "starting up",
    "shutting down",
    "could not translate host name",
    "name or service not known",
    "network is unreachable",
    "no route to host",
    "timeout expired",
)
