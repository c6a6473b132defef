"""What the benchmarks of the application share: a server that tells what it uses, and a browser of few words."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

from tests.harness.application import RunningServer

ROOT = Path(__file__).resolve().parent.parent
CORES = sorted(os.sched_getaffinity(0))
TEXT = "A **short** note with a list:\n\n- one\n- two\n- three\n\nand [a link](https://example.com).\n" * 3
SECRET = "a secret for benchmarks, long enough"
PASSWORD = "a password for benchmarks"


class Server(RunningServer):
    """A server process on the first core, and what its process tree has used.

    `tree` is the checkout whose application it runs.
    """

    def __init__(self, command: list[str], environ: dict[str, str], tree: Path = ROOT) -> None:
        started = time.perf_counter()
        given = {**os.environ, **environ, "PYTHONPATH": f"{tree}:{ROOT / 'benchmarks'}"}
        program = ("taskset", "-c", str(CORES[0]), sys.executable, *command)
        super().__init__(given, Path(os.devnull), command=(), folder=tree, program=program)
        self.seconds_to_start = time.perf_counter() - started

    def cpu_ms(self) -> float:
        """Return user and system time of all its processes so far, of living threads, to the nanosecond."""
        threads = (path for pid in self.processes() for path in Path(f"/proc/{pid}/task").iterdir())
        return sum(int((path / "schedstat").read_text().split()[0]) for path in threads) / 1e6

    def memory_mb(self, what: str = "VmRSS") -> float:
        """Return the memory of the process that uses most: the worker."""
        texts = (Path(f"/proc/{pid}/status").read_text() for pid in self.processes())
        return max(int(re.search(rf"{what}:\s+(\d+)", text)[1]) for text in texts) / 1024  # type: ignore[index]


class Visitor:
    """A browser's cookies and form token, enough to build raw requests with."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def request(self, path: str, **fields: str) -> bytes:
        """Return the bytes of a GET, or of a POST when there are fields."""
        body = urlencode(fields).encode()
        head = f"{'POST' if fields else 'GET'} {path} HTTP/1.1\r\nHost: localhost\r\n"
        if self.cookies:
            head += f"Cookie: {'; '.join(f'{name}={value}' for name, value in self.cookies.items())}\r\n"
        if fields:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body

    def open(self, path: str, **fields: str) -> str:
        """Ask once, keep the cookies, and return the answer."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(self.request(path, **fields).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        self.cookies |= dict(re.findall(r"set-cookie: (\w+)=([^;]+)", answer, re.IGNORECASE))
        return answer

    def token(self, path: str) -> str:
        """Return the form token of a page."""
        return re.search(r'name="csrf_token" value="([^"]+)"', self.open(path))[1]  # type: ignore[index]
