"""The production server: Granian, whose event loop feeds `app.web.gateway`; it ends what it began when told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from typing import Any

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from ..errors import SettingsError
from ..settings import Settings
from .logs import logging_config

# Longer than the load balancer keeps an idle connection, so that it is never this end that closes one under a request.
KEEP_ALIVE_MS = 75_000


class DrainingServer(MPServer):
    """Goes on answering for some seconds after SIGTERM: the load balancer learns of it later than the task does."""

    drain_seconds = 0

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        """Stop now at Ctrl-C, later at SIGTERM."""
        wait = self.drain_seconds if args and args[0] == signal.SIGTERM else 0
        timer = threading.Timer(wait, super().signal_handler_interrupt)
        timer.daemon = True
        timer.start()


def _check_address(settings: Settings) -> None:
    """See that the address can be listened on; raise `SettingsError` if not.

    The server would report it from a worker, with a traceback.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        what = f"{settings.host} {settings.port}: {error.strerror or error}"
        raise SettingsError(f"HOST and PORT must be free to listen on, got {what}") from None


def serve(settings: Settings, greeting: str = "") -> None:
    """Serve until SIGTERM or Ctrl-C. Each worker process loads the application by itself (`app.wsgi`).

    Raises `SettingsError` for an address that cannot be listened on, and prints the greeting else.
    """
    _check_address(settings)
    if greeting:
        print(greeting, flush=True)
    server = DrainingServer(
        "app.wsgi:gateway",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.workers,
        loop=Loops.auto,
        runtime_threads=1,
        backlog=1024,
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE_MS),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=40,
        log_level=LogLevels.error if settings.log_format == "text" else LogLevels.info,
        log_dictconfig=logging_config(settings.log_level, settings.log_format),
    )
    server.drain_seconds = settings.drain_seconds
    server.serve()
