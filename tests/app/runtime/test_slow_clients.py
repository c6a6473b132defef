"""Slow senders, slow readers and stuck queries cost the others nothing, and nothing that arrived cut is stored."""

from __future__ import annotations

import concurrent.futures
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from notejam_cfn.local.database.postgres import Postgres
from tests.harness.application import PASSWORD, QUICK, Client, RunningServer, environment

CROWD = 200
# Generous for a machine that does other things too; before, it was for ever.
SECONDS_FOR_A_PAGE = 3.0


@pytest.fixture
def client(server: RunningServer) -> Client:
    found = Client(server)
    found.sign_up("user@example.com")
    return found


@pytest.fixture
def note(client: Client) -> str:
    """The address of a note of 1,050 characters."""
    client.post("/notes/create/", name="Old", text="old words " * 105, pad="")
    found = re.search(r'href="(/notes/\d+/)"', client.get("/").content.decode())
    assert found
    return found[1]


def form_request(client: Client, path: str, framing: str = "") -> bytes:
    """Return the bytes of a form that replaces the note's text."""
    fields = client.fields(f"{path}edit/") | {"name": "New", "text": "new words " * 1000}
    body = urlencode(fields).encode()
    head = f"POST {path}edit/ HTTP/1.1\r\nHost: localhost\r\nCookie: {client.cookie_header()}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n"
    if framing == "chunked":
        return f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def connect(server: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_form_that_arrives_cut_changes_nothing(
    server: RunningServer, client: Client, note: str, framing: str
) -> None:
    request = form_request(client, note, framing)
    with connect(server) as sender:
        sender.sendall(request[: len(request) // 3])
        sender.shutdown(socket.SHUT_WR)
        sender.settimeout(5)
        answer = sender.recv(65536)
    assert not answer or answer.split()[1] in (b"400", b"411")
    page = client.get(f"{note}?plain=1").content.decode()
    assert "new words" not in page
    assert page.count("old words") == 105


def test_a_form_of_unknown_length_is_refused(server: RunningServer) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked"}
    parts = iter([b"email=a", b"&password=b"])
    assert server.ask("POST", "/signin/", body=parts, headers=headers, encode_chunked=True).status == 411


@pytest.fixture
def slow_senders(server: RunningServer, client: Client, note: str) -> Iterator[list[socket.socket]]:
    request = form_request(client, note)
    crowd = [connect(server) for _ in range(CROWD)]
    for sender in crowd:
        sender.sendall(request[: len(request) // 3])
    yield crowd
    for sender in crowd:
        sender.close()


def test_slow_senders_stop_nobody(client: Client, note: str, slow_senders: list[socket.socket]) -> None:
    for path in ("/healthz", "/signin/", "/", note):
        assert seconds_for(client, path) < SECONDS_FOR_A_PAGE, path
    started = time.monotonic()
    assert client.post("/notes/create/", name="Another", text="written beside them", pad="").status == 303
    assert time.monotonic() - started < 2 * SECONDS_FOR_A_PAGE


def test_a_sender_that_never_ends_is_told_so_and_let_go(sqlite_environ: dict[str, str], tmp_path: Path) -> None:
    shorter = json.dumps({"app.web.gateway:SECONDS_FOR_A_BODY": 0.3})
    server = RunningServer(sqlite_environ | {"QUICK": shorter}, tmp_path / "log", program=QUICK)
    try:
        with connect(server) as sender:
            sender.settimeout(10)
            sender.sendall(b"POST /signin/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\nemail=")
            answer = sender.recv(65536)
    finally:
        server.destroy()
    assert answer.split()[1] == b"408"


def test_slow_readers_stop_nobody(server: RunningServer, client: Client, note: str) -> None:
    client.post("/notes/create/", name="Long", text="many words " * 9000, pad="")
    address = re.findall(r'href="(/notes/\d+/)"', client.get("/").content.decode())[0]
    paths = [address] * (CROWD - 4) + ["/settings/export/"] * 4
    readers = []
    for path in paths:
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", server.port))
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {client.cookie_header()}\r\n\r\n"
        reader.sendall(head.encode())
        readers.append(reader)
    try:
        time.sleep(1)
        for path in ("/healthz", "/signin/", "/", note):
            assert seconds_for(client, path) < SECONDS_FOR_A_PAGE, path
    finally:
        for reader in readers:
            reader.close()


def test_stuck_queries_stop_nobody_else(postgres: Postgres, postgres_settings: dict[str, Any], tmp_path: Path) -> None:
    server = RunningServer(environment(postgres), tmp_path / "log", program=QUICK)
    try:
        stuck, other = Client(server), Client(server)
        stuck.sign_up("stuck@example.com")
        other.sign_up("other@example.com")
        stuck.post("/notes/create/", name="Locked", text="words", pad="")
        address = re.findall(r'href="(/notes/\d+/)"', stuck.get("/").content.decode())[0]
        with connection(postgres) as lock, concurrent.futures.ThreadPoolExecutor(CROWD) as crowd:
            lock.execute("BEGIN")
            lock.execute("SELECT * FROM notes FOR UPDATE")
            fields = stuck.fields(f"{address}edit/") | {"name": "New", "text": "new"}
            answers = [crowd.submit(stuck.send, f"{address}edit/", **fields) for _ in range(CROWD)]
            time.sleep(1)
            for path in ("/healthz", "/signin/", "/"):
                assert seconds_for(other, path) < SECONDS_FOR_A_PAGE, path
            lock.execute("ROLLBACK")
            late = [answer.result() for answer in answers]
            # 500 is trouble with the database on a page that gives the text back.
            assert {answer.status for answer in late} <= {303, 409, 500, 503}
            assert all(b"What you wrote" in answer.content for answer in late if answer.status == 500)
    finally:
        server.destroy()


def connection(postgres: Postgres) -> Any:
    import psycopg

    parameters = {"user": "notejam", "password": PASSWORD, "dbname": "notejam"}
    return psycopg.connect(host="127.0.0.1", port=postgres.port, autocommit=True, **parameters)


def seconds_for(client: Client, path: str) -> float:
    started = time.monotonic()
    assert client.get(path).status == 200
    return time.monotonic() - started
