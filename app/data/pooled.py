"""What both databases share behind one interface: `rows` for hot queries, Peewee's for everything else.

Trouble is ordinary here: connections die in a failover, the database pauses when nobody uses it, its password rotates.
All of that is handled where connections are opened and statements are run, so that handlers know nothing of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import peewee

from ..runtime.logs import kind_of
from .pool import Pool

log = logging.getLogger("notejam.database")
# Beside the threads that make pages: those that make exports.
SLOW_THREADS = 2


class _Spent(threading.local):
    seconds = 0.0


class PooledDatabase(peewee.Database):
    """What both databases share: the pool, the time spent in statements, and one retry of what a failover lost."""

    # What SQL calls the bytes of a note's text, the place of a text in another, and the greatest of some numbers.
    byte_length: str
    position: str
    greatest: str
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
        """Run a statement that answers with rows, written with %s for its parameters, and return them all as tuples."""
        return self._tried(self._fetch, sql, params)  # type: ignore[no-any-return]

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement of Peewee's and return its cursor."""
        return self._tried(self._execute_cursor, sql, params)

    def _tried(self, run: Callable[[str, Any], Any], sql: str, params: Any) -> Any:
        """Run a statement; run it once more on a new connection if it surely changed nothing the first time."""
        started = time.perf_counter()
        try:
            return run(sql, params)
        except (peewee.OperationalError, peewee.InterfaceError, peewee.InternalError) as error:
            if not self._worth_retrying(sql, error):
                if is_refused_write(error):  # the server is no longer the writer: nobody shall borrow this again
                    self._state.conn.close()
                raise
            log.warning("database connection replaced", extra={"error": kind_of(error)})
            self._adopt(self.pool.replace(self._state.conn))
            return run(sql, params)
        finally:
            self.spent.seconds += time.perf_counter() - started

    def _fetch(self, sql: str, params: tuple[Any, ...]) -> Any:
        return self._execute_cursor(sql, params).fetchall()

    def ping(self) -> None:
        """Ask the database for an answer, for /readyz."""
        self.rows("SELECT 1")

    def _adopt(self, connection: Any) -> None:
        self._state.reset()
        self._state.set_connection(connection)
        if self.server_version is None:
            self._set_server_version(connection)

    def _is_clean(self, connection: Any) -> bool:
        """Tell whether a connection is outside a transaction, which each kind of database is asked in its own way."""
        raise NotImplementedError

    def _worth_retrying(self, sql: str, error: Exception) -> bool:
        return False


def is_refused_write(error: BaseException | None) -> bool:
    while error is not None:
        if getattr(error, "sqlstate", None) == "25006":
            return True
        error = getattr(error, "orig", None) or error.__cause__
    return False
