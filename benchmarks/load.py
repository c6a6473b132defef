"""A small HTTP load generator: keep-alive connections in one thread, cheap enough to keep a server busy."""

from __future__ import annotations

import re
import selectors
import socket
import time
from dataclasses import dataclass, field

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass
class Result:
    """What a run saw: seconds per request, statuses with their counts, and how long it took."""

    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return that percentile of the latencies in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.started = 0.0

    def send(self, request: bytes) -> None:
        self.started = time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> int | None:
        """Read what has come; return the status once an answer is whole."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the server closed a connection")
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            return None
        self.buffer = b""
        return int(head[9:12])


def run(address: tuple[str, int], request: bytes, connections: int, seconds: float) -> Result:
    """Send the same request over and over on some connections for some seconds."""
    result, selector = Result(), selectors.DefaultSelector()
    started = time.perf_counter()
    deadline = started + seconds
    for _ in range(connections):
        connection = _Connection(address)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(request)
    while selector.get_map():
        for key, _ in selector.select(30):
            _step(key.data, selector, request, result, deadline)
    result.seconds = time.perf_counter() - started
    return result


def _step(
    connection: _Connection, selector: selectors.BaseSelector, request: bytes, result: Result, deadline: float
) -> None:
    status = connection.answer()
    if status is None:
        return
    now = time.perf_counter()
    result.latencies.append(now - connection.started)
    result.statuses[status] = result.statuses.get(status, 0) + 1
    if now < deadline:
        connection.send(request)
    else:
        selector.unregister(connection.socket)
        connection.socket.close()
