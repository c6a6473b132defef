"""A pool of database connections that lets an idle database fall asleep.

Peewee's own pool pings the server at every checkout, hands out the oldest connection first (so none is ever idle) and
holds one lock for the whole process while it connects. This one asks the kernel instead of the server whether an idle
connection is still good, hands out the one used last, and closes what nobody used for a while, also when no request
comes: an open connection keeps Aurora from pausing.
"""

from __future__ import annotations

import contextlib
import select
import threading
import time
from collections.abc import Callable
from typing import Any

from ..errors import DatabaseUnavailable

SECONDS_FOR_A_TURN = 5.0
# A connect that takes longer than this means a database that is paused or gone.
SECONDS_OF_AN_ORDINARY_CONNECT = 1.0


class Pool:
    """At most `size` open connections, each closed `idle_seconds` after its last use.

    `connect` opens a connection and may take as long as a paused database needs to wake up. Meanwhile at most
    `size - 1` threads wait for it; the last one fails at once, so that a thread is left to answer the health check.
    """

    def __init__(self, connect: Callable[[], Any], is_broken: Callable[[Any], bool], size: int, idle_seconds: float):
        self._connect = connect
        self._is_broken = is_broken
        self._idle_seconds = idle_seconds
        self._turn = threading.BoundedSemaphore(size)
        self._most_connecting = max(1, size - 1)
        self._connecting: list[float] = []
        self._idle: list[tuple[float, Any]] = []
        self._changed = threading.Condition()
        self._reaper: threading.Thread | None = None

    def borrow(self) -> Any:
        """Return an open connection: an idle one that is not broken, or a new one."""
        if not self._turn.acquire(timeout=SECONDS_FOR_A_TURN):
            raise DatabaseUnavailable("every connection is in use")
        try:
            return self._take_idle() or self._open()
        except BaseException:
            self._turn.release()
            raise

    def give_back(self, connection: Any, reusable: bool = True) -> None:
        """End a loan. Pass `reusable=False` for a connection in an unknown state; it is closed."""
        if reusable and not self._is_broken(connection):
            with self._changed:
                self._idle.append((time.monotonic(), connection))
                # Started with the first one: a thread does not survive the fork of a server's worker.
                if self._reaper is None:
                    self._reaper = threading.Thread(target=self._reap, name="pool-reaper", daemon=True)
                    self._reaper.start()
                if len(self._idle) == 1:
                    self._changed.notify_all()
        else:
            _close(connection)
        self._turn.release()

    def replace(self, connection: Any) -> Any:
        """Return a new connection for a broken one of the same loan."""
        _close(connection)
        self.close_idle()
        return self._open()

    def close_idle(self, older_than_seconds: float = 0) -> int:
        """Close the connections idle for that long and return how many stay."""
        limit = time.monotonic() - older_than_seconds
        with self._changed:
            old = [connection for since, connection in self._idle if since <= limit]
            self._idle = [item for item in self._idle if item[0] > limit]
            left = len(self._idle)
        for connection in old:
            _close(connection)
        return left

    def _take_idle(self) -> Any:
        while True:
            with self._changed:
                if not self._idle:
                    return None
                _, connection = self._idle.pop()
            if not self._is_broken(connection):
                return connection
            _close(connection)

    def _open(self) -> Any:
        """Connect; wait before while the others connect as fast as usual, fail when one has been at it for long."""
        with self._changed:
            while len(self._connecting) >= self._most_connecting:
                patience = min(self._connecting) + SECONDS_OF_AN_ORDINARY_CONNECT - time.monotonic()
                if patience <= 0:
                    raise DatabaseUnavailable("the database is waking up")
                self._changed.wait(patience)
            started = time.monotonic()
            self._connecting.append(started)
        try:
            return self._connect()
        finally:
            with self._changed:
                self._connecting.remove(started)
                self._changed.notify_all()

    def _reap(self) -> None:
        while True:
            with self._changed:
                while not self._idle:
                    self._changed.wait()
            time.sleep(self._idle_seconds / 4)
            self.close_idle(older_than_seconds=self._idle_seconds * 3 / 4)


def hangs_up(file_descriptor: int) -> bool:
    """Whether a socket that nobody asked anything has something to say.

    A server speaks unasked only to say goodbye (or its kernel has closed the connection). One system call, no round
    trip, 1 microsecond.
    """
    poll = select.poll()
    poll.register(file_descriptor, select.POLLIN | select.POLLERR | select.POLLHUP)
    return bool(poll.poll(0))


def _close(connection: Any) -> None:
    with contextlib.suppress(Exception):  # a connection that cannot even be closed is gone already
        connection.close()
