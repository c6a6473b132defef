"""What was acknowledged survives a kill, and a day's visitors leave nothing behind in the process."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import threading
from pathlib import Path

from tests.harness.application import QUICK, Client, RunningServer

WRITES, WRITERS = 1000, 4
VISITORS = 40


def test_a_kill_loses_no_acknowledged_note(server: RunningServer, environ: dict[str, str], tmp_path: Path) -> None:
    clients = [Client(server) for _ in range(WRITERS)]
    for number, client in enumerate(clients):
        client.connection = server.connection()
        client.sign_up(f"user{number}@example.com")
    acknowledged: list[set[str]] = [set() for _ in clients]
    half = threading.Event()

    def write(number: int) -> None:
        client = clients[number]
        fields = client.fields("/notes/create/")
        for count in range(WRITES // WRITERS):
            name = f"note-{number}-{count}-end"
            try:
                if client.send("/notes/create/", **fields | {"name": name, "text": "words", "pad": ""}).status == 303:
                    acknowledged[number].add(name)
            except (OSError, http.client.HTTPException):
                return
            if sum(map(len, acknowledged)) > WRITES // 2:
                half.set()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    assert half.wait(120)
    server.destroy()
    for thread in threads:
        thread.join()
    again = RunningServer(environ, tmp_path / "log2", program=QUICK)
    try:
        for client, names in zip(clients, acknowledged, strict=True):
            client.server, client.connection = again, again.connection()
            assert names <= stored(client)
    finally:
        again.destroy()


def stored(client: Client) -> set[str]:
    """Return the names of all notes, page by page."""
    names: set[str] = set()
    for page in range(1, 20):
        found = set(re.findall(r"note-\d+-\d+-end", client.get(f"/?per_page=200&page={page}").content.decode()))
        if not found:
            break
        names |= found
    return names


def test_a_days_visitors_leave_nothing_behind(environ: dict[str, str], tmp_path: Path) -> None:
    server = RunningServer(environ | {"TRUSTED_PROXIES": "1"}, tmp_path / "log", program=QUICK)
    visit(server, "warm", 20)
    before = state(server)
    visit(server, "day", VISITORS)
    after = state(server)
    assert after["files"] <= before["files"] + 2
    assert after["threads"] <= before["threads"]
    assert after["kilobytes"] < before["kilobytes"] + 4000
    assert server.stop(signal.SIGTERM) == 0


def visit(server: RunningServer, name: str, people: int) -> None:
    """Let people come, write, read, export, mistype, leave half a form, and go."""
    for number in range(people):
        client = Client(server, **{"X-Forwarded-For": f"203.0.113.{number}"})
        client.connection = server.connection()
        client.sign_up(f"{name}{number}@example.com")
        client.post("/notes/create/", name="Note", text=f"*words* of {number}", pad="")
        address = re.findall(r'href="(/notes/\d+/)"', client.get("/").content.decode())[0]
        client.get(address)
        client.get("/?search=words")
        if number % 5 == 0:
            client.get("/settings/export/")
            client.send("/notes/create/", name="no token")
            with contextlib.suppress(OSError, http.client.HTTPException):
                server.ask("POST", "/signin/", timeout=0.05, body=b"", headers={"Content-Length": "50"})
        client.post("/signout/", "/signout/")
        client.connection.close()


def state(server: RunningServer) -> dict[str, int]:
    """Return what the worker holds."""
    worker = Path(f"/proc/{server.processes()[-1]}")
    status = (worker / "status").read_text()
    memory, threads = re.findall(r"VmRSS:\s+(\d+)", status)[0], re.findall(r"Threads:\s+(\d+)", status)[0]
    return {"files": len(list((worker / "fd").iterdir())), "threads": int(threads), "kilobytes": int(memory)}
