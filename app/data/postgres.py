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
            except psycopg.OperationalError as error:
                self._consider(error, password, deadline)

    def _connect_once(self, password: str, seconds: float) -> Any:
        connection = psycopg.connect(
            dbname=self.database,
            user=self.credentials.user,
            password=password,
            connect_timeout=max(2, int(seconds)),
            autocommit=True,
            **self.connect_params,
        )
        connection.statements = Statements(connection)  # type: ignore[attr-defined]
        return connection

    def _fetch(self, sql: str, params: tuple[Any, ...]) -> Any:
        with __exception_wrapper__:
            if self._state.closed:
                self.connect()
            return self._state.conn.statements.rows(sql, params)

    def _consider(self, error: Exception, password: str, deadline: float) -> None:
        """Return when connecting again may work, after the pause it needs; raise otherwise."""
        if _is_refused_password(error) and self._has_new_password(password):
            return
        if _is_permanent(error) or time.monotonic() + SECONDS_BETWEEN_TRIES >= deadline:
            text = str(error).lower()
            cause = next((words for words in _CAUSES if words.lower() in text), "no connection")
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
        if is_refused_write(error):
            return True
        return sql.lstrip()[:6].upper() == "SELECT" and _is_broken(self._state.conn)


def _trust(settings: Settings) -> dict[str, Any]:
    if not settings.database_sslmode.startswith("verify"):
        return {}
    return {"sslrootcert": settings.pgsslrootcert}


def _give_up_on_silent_hosts() -> dict[str, Any]:
    """After a failover the old writer may not even refuse; the kernel must notice within seconds, not minutes."""
    return {"keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 10_000}


def _is_broken(connection: Any) -> bool:
    return bool(connection.closed or connection.broken or hangs_up(connection.fileno()))


def _is_refused_password(error: Exception) -> bool:
    # libpq reports no SQLSTATE for a connection that never came to be; these words are the server's, in English on RDS.
    return "authentication failed" in str(error)


def _is_permanent(error: Exception) -> bool:
    text = str(error)
    return any(words in text for words in ("authentication failed", "does not exist", "certificate", "SSL error"))


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
