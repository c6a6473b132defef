"""A release under load loses no request: two real application processes are replaced behind a load balancer.

The load balancer here is small but keeps to the rules that the template sets: a target gets requests after two healthy
answers, and none once it is deregistered. The order is Amazon ECS's for a rolling deployment with 100/200 %: start the
new tasks, wait until they are healthy, deregister the old ones, stop them with SIGTERM. It is stricter in one thing:
SIGTERM comes before the load balancer has noticed, as when a Spot task is taken away.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.harness.application import WARM, RunningServer, environment, warm_command

HEALTHY_ANSWERS, CHECK_SECONDS, NOTICE_SECONDS, DRAIN_SECONDS = 2, 0.2, 0.5, 2
CLIENTS, CALM_SECONDS = 4, 1.0


class Task(RunningServer):
    """One process of the application, as a container runs it."""

    def is_healthy(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return fetch(self.port, "/healthz") == 200
        return False


def fetch(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


class LoadBalancer:
    """Sends requests to healthy targets in turn, over connections it keeps, and never twice."""

    def __init__(self) -> None:
        self.targets: tuple[Task, ...] = ()
        self.turn = itertools.count()
        balancer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                try:
                    status = fetch(balancer.next_target().port, self.path)
                except (OSError, http.client.HTTPException):
                    status = 502
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next_target(self) -> Task:
        targets = self.targets
        return targets[next(self.turn) % len(targets)]

    def register(self, tasks: list[Task]) -> None:
        for task in tasks:
            answers = 0
            deadline = time.monotonic() + 30
            while answers < HEALTHY_ANSWERS:
                assert time.monotonic() < deadline, task.log.read_text()
                answers = answers + 1 if task.is_healthy() else 0
                time.sleep(CHECK_SECONDS)
        self.targets = (*self.targets, *tasks)

    def deregister(self, tasks: list[Task]) -> None:
        self.targets = tuple(target for target in self.targets if target not in tasks)


@dataclasses.dataclass
class Load:
    """Clients that ask without a pause, and what they were answered."""

    port: int
    answers: list[int] = dataclasses.field(default_factory=list)
    over: threading.Event = dataclasses.field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        clients = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self.over.set()
            for client in clients:
                client.join(30)

    def _ask(self) -> None:
        while not self.over.is_set():
            try:
                self.answers.append(fetch(self.port, "/signin/"))
            except (OSError, http.client.HTTPException):
                self.answers.append(0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Task]]:
    """Start tasks on one database; all are gone after the test."""
    database = str(tmp_path / "notejam.db")
    assert warm_command(environment(DATABASE_PATH=database), "migrate").returncode == 0
    started: list[Task] = []

    def start() -> Task:
        environ = environment(DATABASE_PATH=database, DRAIN_SECONDS=str(DRAIN_SECONDS))
        started.append(Task(environ, tmp_path / f"{len(started)}.log", program=WARM))
        return started[-1]

    yield start
    for task in started:
        task.destroy()


def test_a_release_under_load_loses_no_request(start: Callable[[], Task]) -> None:
    balancer = LoadBalancer()
    tasks = [start(), start()]
    old = list(tasks)
    balancer.register(old)
    load = Load(balancer.port)
    with load.running():
        time.sleep(CALM_SECONDS)
        tasks += [start(), start()]
        balancer.register(tasks[2:])
        stopping = [threading.Thread(target=task.stop) for task in old]
        for thread in stopping:
            thread.start()
        time.sleep(NOTICE_SECONDS)
        balancer.deregister(old)
        for thread in stopping:
            thread.join(30)
        time.sleep(CALM_SECONDS)
    assert [task.process.poll() for task in old] == [0, 0]
    assert len(load.answers) > 100
    assert set(load.answers) == {200}
