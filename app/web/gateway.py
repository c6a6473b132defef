"""The door of the server: a request gets a thread only once all of it is here.

Granian calls this on an event loop (its RSGI interface), where a slow sender costs a coroutine and no thread. What has
arrived whole goes to the WSGI application on a worker thread; what never asks the database (health, style sheet, forms
for guests) is answered on the loop itself. A file is sent by the server, at the reader's pace.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from ..data.pooled import SLOW_THREADS, PooledDatabase
from .workers import Workers

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
# A sender gets this long for any body, and a second more for each 16 KiB of it.
SECONDS_FOR_A_BODY, BYTES_A_SECOND = 15.0, 16 * 1024
MOST_DISCARDED = 64 * 1024**2
# What may be on its way at a time. Small forms are counted apart: a few big bodies keep nobody from signing in.
SMALL_BODY, SMALL_BODIES, BIG_BODIES = 64 * 1024, 16 * 1024**2, 64 * 1024**2
SECONDS_BETWEEN_TICKS = 0.2
# The load balancer gives up after 60 s.
SECONDS_IN_LINE, SECONDS_IN_LINE_FOR_SLOW = 10.0, 45.0
SMALL_FILE, SECONDS_TO_OPEN_A_FILE = 1024**2, 10.0
# The status of a request that no handler shall see; the application answers with its page for it.
REFUSED = "notejam.refused"


class Paths(NamedTuple):
    """What the gateway must know of the routes, by path.

    `inline`: a GET of these never asks the database. `slow`: these get threads of their own. `limits`: the most bytes
    of a body; all others have `limit`.
    """

    inline: frozenset[str]
    slow: frozenset[str]
    limits: dict[str, int]
    limit: int


class File:
    """An open file as an answer: `wsgi.file_wrapper` of this gateway."""

    def __init__(self, file: Any, block_size: int = 65536) -> None:
        self.file = file
        self._block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self._block_size), b"")

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class Gateway:
    """An RSGI application around the WSGI application, with `threads` threads for pages."""

    def __init__(self, application: Wsgi, paths: Paths, threads: int) -> None:
        self._application = application
        self._paths = paths
        self._pages = Workers(self._run, threads, SECONDS_IN_LINE)
        self._slow = Workers(self._run, SLOW_THREADS, SECONDS_IN_LINE_FOR_SLOW)
        self._bytes_arriving = {True: 0, False: 0}
        self._receiving: dict[asyncio.Task[None], float] = {}
        self._done: deque[asyncio.Future[None]] = deque()
        self._pending = 0
        self._ticking = False

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the threads, in the process that answers."""
        self._loop = loop
        PooledDatabase.event_loop_thread = threading.get_ident()
        self._pages.start()
        self._slow.start()

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        """Answer one request."""
        environ = wsgi_environ(scope)
        path = environ["PATH_INFO"]
        if scope.method in ("GET", "HEAD"):
            if path in self._paths.inline or path.startswith("/static/"):
                self._answer(environ, proto)
                return
        elif not await self._receive(environ, proto):
            self._answer(environ, proto)
            return
        environ["notejam.arrived"] = time.perf_counter()
        workers = self._slow if path in self._paths.slow else self._pages
        done = self._new_future()
        if workers.submit(environ.get("HTTP_COOKIE", ""), (environ, proto, done)):
            await done
        else:
            environ[REFUSED] = 503
            self._run((environ, proto, done), too_late=True)

    async def _receive(self, environ: dict[str, Any], proto: Any) -> bool:
        """Wait for the whole body; False, with the reason in the environment, when it is refused or does not come."""
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ[REFUSED] = 411
            await self._discard(proto)
            return False
        declared = environ.get("CONTENT_LENGTH", "0")
        if not declared.isdigit() or len(declared) > 15:
            environ[REFUSED] = 400
            return False
        size = int(declared)
        if size > self._paths.limits.get(environ["PATH_INFO"], self._paths.limit):
            environ[REFUSED] = 413
            await self._discard(proto)
            return False
        if size:
            environ[REFUSED] = status = await self._collect(environ, proto, size)
            return not status
        return True

    async def _discard(self, proto: Any) -> None:
        """Read what is refused, for a while: a browser that is still sending does not look at an answer."""
        left = MOST_DISCARDED
        with contextlib.suppress(Exception):
            async with asyncio.timeout(SECONDS_FOR_A_BODY):
                async for chunk in proto:
                    left -= len(chunk)
                    if left < 0:
                        return

    async def _collect(self, environ: dict[str, Any], proto: Any, size: int) -> int:
        """Put the body into the environment; return 0, or the status that says why it is not there."""
        small = size <= SMALL_BODY
        if self._bytes_arriving[small] + size > (SMALL_BODIES if small else BIG_BODIES):
            return 503
        self._bytes_arriving[small] += size
        task: Any = asyncio.current_task()
        self._receiving[task] = time.monotonic() + SECONDS_FOR_A_BODY + size / BYTES_A_SECOND
        self._keep_ticking()
        try:
            body = await proto()
        except asyncio.CancelledError:  # by `_tick`
            return 408
        except Exception:  # the connection ended within the body
            return 400
        finally:
            del self._receiving[task]
            self._bytes_arriving[small] -= size
        environ["wsgi.input"] = io.BytesIO(body)
        return 0 if len(body) == size else 400

    def _run(self, task: tuple[dict[str, Any], Any, asyncio.Future[None]], too_late: bool) -> None:
        environ, proto, done = task
        if too_late:
            environ[REFUSED] = 503
        try:
            self._answer(environ, proto)
        finally:
            self._done.append(done)

    def _answer(self, environ: dict[str, Any], proto: Any) -> None:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        body = self._application(environ, lambda line, headers, exc_info=None: started.append((line, headers)))
        line, headers = started[-1]
        if isinstance(body, File):
            self._send_file(proto, int(line[:3]), headers, body.file)
        else:
            proto.response_bytes(int(line[:3]), headers, b"".join(body))

    def _send_file(self, proto: Any, status: int, headers: list[tuple[str, str]], file: Any) -> None:
        if os.fstat(file.fileno()).st_size <= SMALL_FILE:
            with file:
                proto.response_bytes(status, headers, file.read())
            return
        # The file has no name any more; the server opens it anew by its descriptor, and reads it as fast as it can
        # send. It is closed here once that has surely happened.
        proto.response_file(status, headers, f"/dev/fd/{file.fileno()}")
        self._loop.call_soon_threadsafe(self._loop.call_later, SECONDS_TO_OPEN_A_FILE, file.close)

    def _new_future(self) -> asyncio.Future[None]:
        """Return what a request waits for, and end the requests whose answers are sent.

        They end in batches, here and by the clock: to wake the loop for each would cost a tenth of a page.
        """
        self._settle()
        self._pending += 1
        self._keep_ticking()
        return self._loop.create_future()

    def _keep_ticking(self) -> None:
        # One clock for all requests: a timer for each body would cost 17 µs.
        if not self._ticking:
            self._ticking = True
            self._loop.call_later(SECONDS_BETWEEN_TICKS, self._tick)

    def _tick(self) -> None:
        """End the requests whose answers are sent, and those whose bodies take too long."""
        self._settle()
        present = time.monotonic()
        for task, deadline in self._receiving.items():
            if present > deadline:
                task.cancel()
        self._ticking = False
        if self._pending or self._receiving:
            self._keep_ticking()

    def _settle(self) -> None:
        while self._done:
            done = self._done.popleft()
            self._pending -= 1
            if not done.done():
                done.set_result(None)


_BASE = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.file_wrapper": File,
}


def wsgi_environ(scope: Any) -> dict[str, Any]:
    """Return WSGI's environment of an RSGI scope, without a body."""
    server, _, port = scope.server.rpartition(":")
    environ = {
        **_BASE,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
    }
    for name, value in scope.headers.items():
        key = _variable(name)
        # Cookies may come in several headers, and are joined by semicolons.
        separator = ";" if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
    return environ


@lru_cache(maxsize=256)
def _variable(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
