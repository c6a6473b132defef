"""The container's health check: exit 0 when this task answers, 1 when it does not.

It runs every few seconds beside the server on a quarter of a core, so it is a bare socket: the standard library's HTTP
client alone takes longer to import than the question takes to answer.
"""

from __future__ import annotations

import os
import socket

REQUEST = b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n"


def is_healthy(port: int, timeout_seconds: float = 4) -> bool:
    """Ask http://localhost:PORT/healthz, over IPv6 or IPv4, whichever answers."""
    try:
        with socket.create_connection(("localhost", port), timeout_seconds) as connection:
            connection.sendall(REQUEST)
            return connection.recv(16).split(b" ")[1:2] == [b"200"]
    except (OSError, OverflowError):
        return False


def main() -> int:
    """Return the exit code for the port that PORT names."""
    port = os.environ.get("PORT") or "8080"
    return 0 if port.isdigit() and is_healthy(int(port)) else 1
