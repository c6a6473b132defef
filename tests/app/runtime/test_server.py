"""The process itself: starting, stopping under load, slow clients, and answering while the database sleeps."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.local.database.postgres import Postgres, free_port
from tests.harness.application import ROOT, WARM, Client, RunningServer, command, environment

Run = Callable[..., RunningServer]


@pytest.fixture
def run(postgres: Postgres, postgres_settings: dict[str, Any], tmp_path: Path) -> Iterator[Run]:
    """Start servers on an empty, migrated database; all are gone after the test."""
    running: list[RunningServer] = []

    def run(**more: str) -> RunningServer:
        running.append(RunningServer(environment(postgres, **more), tmp_path / "log", program=WARM))
        return running[-1]

    yield run
    for server in running:
        server.destroy()


class Visitors:
    """Threads that ask for a page over and over on connections they keep, until told to stop."""

    def __init__(self, server: RunningServer, path: str, count: int) -> None:
        self.server, self.path = server, path
        self.answered = 0
        self.lost: list[str] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._visit) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def leave(self) -> None:
        """Stop asking; every request on its way still gets its answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        while not self._stop.is_set():
            try:
                connection.request("GET", self.path)
                response = connection.getresponse()
                response.read()
                problem = "" if response.status == 200 else str(response.status)
            except OSError as error:
                problem = repr(error)
            with self._lock:
                self.answered += 1
                self.lost += [problem] if problem else []
        connection.close()


def test_no_request_is_lost_when_a_task_is_told_to_stop_under_load(run: Run) -> None:
    server = run(DRAIN_SECONDS="1")
    visitors = Visitors(server, "/signin/", 16)
    time.sleep(0.4)
    server.process.send_signal(signal.SIGTERM)
    # The load balancer goes on sending for a moment.
    time.sleep(0.6)
    visitors.leave()
    assert server.ended() == 0
    assert visitors.lost == []
    assert visitors.answered > 100


def test_a_request_in_flight_is_finished(run: Run, postgres: Postgres) -> None:
    server = run()
    client = Client(server)
    client.sign_up("user@example.com")
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'notejam'")
    postgres.pause()
    answers: list[int] = []
    visitor = threading.Thread(target=lambda: answers.append(client.get("/").status))
    visitor.start()
    time.sleep(0.4)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.4)
    postgres.resume()
    visitor.join()
    assert server.ended() == 0
    assert answers == [200]


def test_health_is_answered_while_everybody_waits_for_the_database(run: Run, postgres: Postgres) -> None:
    server = run(DATABASE_WAIT_SECONDS="3")
    client = Client(server)
    client.sign_up("user@example.com")
    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'notejam'")
    postgres.pause()
    visitors = [threading.Thread(target=client.get, args=("/",)) for _ in range(16)]
    try:
        for visitor in visitors:
            visitor.start()
        time.sleep(1.3)
        started = time.monotonic()
        assert server.ask("GET", "/healthz").status == 200
        assert time.monotonic() - started < 1
    finally:
        postgres.resume()
        for visitor in visitors:
            visitor.join()


def test_clients_that_send_half_a_header_stop_nobody(run: Run) -> None:
    server = run()
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(32)]
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: loc")
    started = time.monotonic()
    assert server.ask("GET", "/signin/").status == 200
    assert time.monotonic() - started < 1
    for connection in slow:
        connection.close()


def test_addresses_that_are_not_utf8_are_not_found(run: Run) -> None:
    assert run().ask("GET", "/%FF%FE/").status == 404


def test_a_body_over_the_cap_is_413(run: Run) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert run().ask("POST", "/signin/", body=b"x" * 5_000_000, headers=headers).status == 413


def test_sixteen_people_can_sign_in_at_once(run: Run) -> None:
    server = run()
    Client(server).sign_up("user@example.com")
    clients = [Client(server) for _ in range(16)]
    statuses: list[int] = []

    def sign_in(client: Client) -> None:
        values = {"email": "user@example.com", "password": "correct horse"}
        statuses.append(client.post("/signin/", **values).status)

    threads = [threading.Thread(target=sign_in, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(303) >= 10
    assert set(statuses) <= {303, 429}


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_server_listens_where_the_network_is(run: Run, host: str) -> None:
    if host == "::" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    server = run(HOST=host)
    environ = {"PORT": str(server.port), "PYTHONPATH": str(ROOT)}
    assert command(environ, "healthcheck").returncode == 0


def test_a_laptop_needs_one_command(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(free_port())}
    log = tmp_path / "log"
    server = RunningServer(environ, log, command=(), folder=tmp_path)
    client = Client(server)
    client.sign_up("user@example.com")
    client.post("/forgot-password/", email="user@example.com")
    assert server.stop(signal.SIGINT) == 0
    assert f"Notejam is on http://127.0.0.1:{server.port}" in log.read_text()
    assert "/reset-password/" in log.read_text()
    assert (tmp_path / "notejam.db").exists()


def test_the_health_check_tells_well_from_ill(run: Run) -> None:
    server = run()
    environ = {"PORT": str(server.port), "PYTHONPATH": str(ROOT)}
    assert command(environ, "healthcheck").returncode == 0
    server.stop()
    assert command(environ, "healthcheck").returncode == 1


def test_the_health_check_imports_next_to_nothing() -> None:
    import subprocess
    import sys

    code = "import sys; import app.__main__, app.runtime.healthcheck; print(*sys.modules)"
    arguments = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    loaded = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
    assert not {"bottle", "peewee", "granian", "http.client", "json", "logging", "ssl"} & set(loaded)
