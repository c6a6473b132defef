"""Measure the application on PostgreSQL against a bare hello and a raw-SQL page served the same way.

    python benchmarks/app.py [--minute]

One worker process on one core; PostgreSQL and the load on the others. CPU is user and system time of the server's
process tree over the requests it answered. The run judges nothing: it prints each figure beside its bar, and the ratio
to the two baselines of the same run, which is what survives a change of machine.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from load import Result, run  # noqa: E402
from serving import CORES, PASSWORD, SECRET, TEXT, Server, Visitor  # noqa: E402

from notejam_cfn.local.database.postgres import Postgres, free_port  # noqa: E402

SECONDS = 4.0
EMAIL = "benchmark@example.com"
# What is found in all notes, in one of eighteen, without the index, and not at all.
SEARCHES = {"all": "word", "some": "word777x", "2 letters": "77", "none": "%E6%97%A5%E6%9C%AC"}
ADD_NOTE = """
    INSERT INTO notes (user_id, pad_id, name, text, created_at, updated_at, summary, folded)
    VALUES (1, %s, %s, %s, %s, %s, %s, %s)"""


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minute", action="store_true", help="let 64 connections ask for a minute, not 8 seconds")
    seconds = 60 if parser.parse_args().minute else 8
    os.sched_setaffinity(0, CORES[1:] or CORES)
    with Postgres() as postgres:
        environ = prepare(postgres)
        hello, rows = measure_baselines(postgres, environ)
        measure_application(environ, hello, rows, seconds)
        measure_signing_in(environ)
        measure_searching(postgres, environ)


def prepare(postgres: Postgres) -> dict[str, str]:
    """Create the tables and a user with 10 pads and 200 notes; return the application's environment."""
    postgres.add_database("notejam", "notejam", PASSWORD)
    environ = {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(postgres.port),
        "DATABASE_USER": "notejam",
        "DATABASE_PASSWORD": PASSWORD,
        "SESSION_SECRET": SECRET,
        "DRAIN_SECONDS": "0",
        # Creating notes for seconds must not end at the quota.
        "ACCOUNT_NOTES": "1000000",
        "ACCOUNT_MEGABYTES": "100000",
    }
    subprocess.run([sys.executable, "-m", "app", "migrate"], env={**os.environ, **environ}, check=True, cwd=ROOT)
    fill(environ)
    return environ


def fill(environ: dict[str, str]) -> None:
    """Write the user, the pads and the notes."""
    import psycopg

    from app.data.folding import first_line, folded_note
    from app.security.passwords import HASHER

    with psycopg.connect(dsn(environ)) as connection:
        connection.execute("INSERT INTO users (email, password_hash) VALUES (%s, %s)", (EMAIL, HASHER.hash("password")))
        for number in range(10):
            connection.execute("INSERT INTO pads (user_id, name) VALUES (1, %s)", (f"Pad number {number}",))
        for number in range(200):
            moment = dt.datetime.now() - dt.timedelta(hours=7 * number)
            name = f"Note {number} <about> something"
            derived = (first_line(TEXT), folded_note(name, TEXT))
            connection.execute(ADD_NOTE, (number % 11 or None, name, TEXT, moment, moment, *derived))
    with psycopg.connect(dsn(environ), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def dsn(environ: dict[str, str]) -> str:
    """Return the connection string of the benchmark's database."""
    return f"host=127.0.0.1 port={environ['DATABASE_PORT']} user=notejam password='{PASSWORD}' dbname=notejam"


def measure_baselines(postgres: Postgres, environ: dict[str, str]) -> tuple[float, float]:
    """Return the CPU in milliseconds of a hello and of a raw-SQL page."""
    port = str(free_port())
    options = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "error"]
    command = ["-m", "granian", "baseline:application", "--host", "127.0.0.1", "--port", port, *options]
    server = Server(command, {"PORT": port, "BENCHMARK_DSN": dsn(environ)})
    visitor = Visitor(server.port)
    try:
        hello = report("bare Bottle hello", server, visitor.request("/hello"))
        return hello, report("raw SQL, 50 rows", server, visitor.request("/rows"))
    finally:
        server.stop(signal.SIGINT)


def measure_application(environ: dict[str, str], hello: float, rows: float, seconds: int) -> None:
    """Measure every page that has a bar."""
    server = Server(["-m", "app", "serve"], {**environ, "PORT": str(free_port())})
    visitor = Visitor(server.port)
    guest_form = visitor.request("/signin/")
    try:
        sign_in(visitor)
        note = {"csrf_token": visitor.token("/notes/create/"), "name": "New", "text": TEXT, "pad": "1"}
        pages = {
            "all 200 notes": (visitor.request("/?per_page=200"), 2.5),
            "list of 50": (visitor.request("/"), 1.1),
            "one note": (visitor.request("/notes/7/"), 0.6),
            "sign-in form": (guest_form, 0.2),
            "create a note": (visitor.request("/notes/create/", **note), 1.0),
        }
        report_process(server, visitor.request("/"), seconds)
        # Creating notes comes last: the list would not stay at 200.
        for name, (request, bar) in pages.items():
            report(name, server, request, bar, hello, rows)
        print(f"worker resident    {server.memory_mb():.0f} MB after all that   bar 70 MB")
    finally:
        server.stop(signal.SIGINT)


def sign_in(visitor: Visitor) -> None:
    """Sign the benchmark's user in."""
    token = visitor.token("/signin/")
    visitor.open("/signin/", csrf_token=token, email=EMAIL, password="password", next="/")


def report(
    name: str, server: Server, request: bytes, bar: float | None = None, hello: float = 0, rows: float = 0
) -> float:
    """Measure one page after warming it up, print a line, and return its CPU in milliseconds."""
    address = ("127.0.0.1", server.port)
    run(address, request, 8, 0.7)
    before = server.cpu_ms()
    result = run(address, request, 8, SECONDS)
    cpu = (server.cpu_ms() - before) / len(result.latencies)
    against = f"bar {bar:.1f}   {cpu / hello:5.1f} x hello   {cpu / rows:5.1f} x raw SQL" if bar else ""
    print(f"{name:18} {cpu:6.3f} ms CPU {speed(result)}   {against}", flush=True)
    return cpu


def speed(result: Result) -> str:
    """Return requests per second, p99 and anything but success of a run."""
    bad = {status: count for status, count in result.statuses.items() if status >= 400}
    return f"{result.per_second:7.0f}/s  p99 {result.percentile(0.99):6.1f} ms{f'  {bad}' if bad else ''}"


def report_process(server: Server, request: bytes, seconds: int) -> None:
    """Print how fast it started and how 64 connections fare."""
    result = run(("127.0.0.1", server.port), request, 64, seconds)
    print(f"64 connections for {seconds} s: {speed(result)}   bar 250 ms, no error")
    print(f"first answer after {server.seconds_to_start:.2f} s   bar 0.5 s")


def measure_searching(postgres: Postgres, environ: dict[str, str]) -> None:
    """Search in 5,000 notes of about 1,000 characters, and tell what the search keeps."""
    import psycopg

    from app.data.folding import first_line, folded_note

    moment = dt.datetime.now()
    with psycopg.connect(dsn(environ)) as connection:
        connection.execute("DELETE FROM notes")
        for number in range(5_000):
            name, text = f"Note {number}", " ".join(f"word{(number * 7 + at * 13) % 2_000}x" for at in range(110))
            derived = (first_line(text)[:200], folded_note(name, text), moment)
            connection.execute(ADD_NOTE, (None, name, text, moment, moment, *derived))
    postgres.sql("VACUUM ANALYZE", "notejam")
    server = Server(["-m", "app", "serve"], {**environ, "PORT": str(free_port())})
    visitor = Visitor(server.port)
    try:
        sign_in(visitor)
        for what, words in SEARCHES.items():
            report(f"search: {what}", server, visitor.request(f"/?search={words}"))
    finally:
        server.stop()
    sizes = "SELECT pg_relation_size('notes_folded'), sum(octet_length(folded)), sum(octet_length(text)) FROM notes"
    index, folded, text = (int(size) for size in postgres.sql(sizes, "notejam").split("|"))
    print(f"index {index / 1e6:.1f} MB, folded {folded / 1e6:.1f} MB, for {text / 1e6:.1f} MB of text")


def measure_signing_in(environ: dict[str, str]) -> None:
    """Let sixteen people sign in at once, over and over, and print the peak of memory."""
    server = Server(["-m", "app", "serve"], {**environ, "PORT": str(free_port())})
    visitor = Visitor(server.port)
    try:
        values: dict[str, Any] = {"csrf_token": visitor.token("/signup/"), "password": "password", "next": "/"}
        request = visitor.request("/signup/", email="new@example.com", repeat_password="different", **values)
        run(("127.0.0.1", server.port), request, 1, 0.2)
        attempt = visitor.request("/signin/", email=EMAIL, **values)
        result = run(("127.0.0.1", server.port), attempt, 16, 3)
        print(f"16 signing in at once: {speed(result)}, peak {server.memory_mb('VmHWM'):.0f} MB   bar 512 MB")
    finally:
        server.stop(signal.SIGINT)


if __name__ == "__main__":
    main()
