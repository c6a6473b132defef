"""Compare what a request costs with what it cost in another version of the application.

    git archive COMMIT app | tar x -C FOLDER
    python benchmarks/compare.py FOLDER [--rounds 20]

Both versions are served side by side on one core, each from a database of its own on one PostgreSQL, and take turns of
half a second for each page. Printed are the medians of CPU time for a request, and of the ratios of neighbouring turns,
which is what survives a machine that does other things too.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from load import run  # noqa: E402
from serving import CORES, PASSWORD, SECRET, TEXT, Server, Visitor  # noqa: E402

from notejam_cfn.local.database.postgres import Postgres, free_port  # noqa: E402

SECONDS = 0.5
CONNECTIONS = 8
NOTES, PADS = 200, 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the other version's app/ is")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each version on each page (20)")
    given = parser.parse_args()
    os.sched_setaffinity(0, CORES[1:] or CORES)
    with Postgres() as postgres:
        versions = {"other": given.folder.resolve(), "this": ROOT}
        servers = {name: served(postgres, name, tree) for name, tree in versions.items()}
        try:
            compare(servers, given.rounds)
        finally:
            for server in servers.values():
                server.destroy()


def served(postgres: Postgres, name: str, tree: Path) -> Server:
    """Return the server of a version, on a new database."""
    postgres.add_database(name, name, PASSWORD)
    environ = {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(postgres.port),
        "DATABASE_NAME": name,
        "DATABASE_USER": name,
        "DATABASE_PASSWORD": PASSWORD,
        "SESSION_SECRET": SECRET,
        "PORT": str(free_port()),
        "ACCOUNT_NOTES": "1000000",
        "ACCOUNT_MEGABYTES": "100000",
    }
    migrate = [sys.executable, "-m", "app", "migrate"]
    paths = {"PYTHONPATH": str(tree)}
    subprocess.run(migrate, env={**os.environ, **environ, **paths}, check=True, cwd=tree, stdout=subprocess.DEVNULL)
    return Server(["-m", "app", "serve"], environ, tree)


def compare(servers: dict[str, Server], rounds: int) -> None:
    """Print a line for each page."""
    pages = {name: requests(server) for name, server in servers.items()}
    print(f"{'':16}{'other':>8}{'this':>8}   ratio (quartiles)")
    for page in pages["this"]:
        turns = [
            {name: cost(server, pages[name][page]) for name, server in servers.items()} for _ in range(rounds + 1)
        ][1:]
        medians = {name: statistics.median(turn[name] for turn in turns) for name in servers}
        low, middle, high = statistics.quantiles((turn["this"] / turn["other"] for turn in turns), n=4)
        print(
            f"{page:16}{medians['other']:8.3f}{medians['this']:8.3f}   {middle:.2f} ({low:.2f} to {high:.2f})",
            flush=True,
        )
    print("memory  ", {name: f"{server.memory_mb():.0f} MB" for name, server in servers.items()})


def requests(server: Server) -> dict[str, bytes]:
    """Make a user with pads and notes through the pages, and return the requests to be measured."""
    visitor = Visitor(server.port)
    guest_form = visitor.request("/signin/")
    token = visitor.token("/signup/")
    sent = {"csrf_token": token, "email": "a@example.com", "password": PASSWORD, "repeat_password": PASSWORD}
    visitor.open("/signup/", **sent)
    sent = {"csrf_token": visitor.token("/pads/create/")}
    for number in range(PADS):
        visitor.open("/pads/create/", name=f"Pad number {number}", **sent)
    for number in range(NOTES):
        pad = str(number % (PADS + 1) or "")
        visitor.open("/notes/create/", name=f"Note {number} <about> something", text=TEXT, pad=pad, **sent)
    visitor.cookies.pop("flash", None)
    return {
        "all 200 notes": visitor.request("/?per_page=200"),
        "list of 50": visitor.request("/"),
        "one note": visitor.request("/notes/7/"),
        "sign-in form": guest_form,
        "create a note": visitor.request("/notes/create/", name="New", text=TEXT, pad="1", **sent),
    }


def cost(server: Server, request: bytes) -> float:
    """Return the CPU time of one request in milliseconds."""
    before = server.cpu_ms()
    result = run(("127.0.0.1", server.port), request, CONNECTIONS, SECONDS)
    assert set(result.statuses) <= {200, 303}, result.statuses
    return (server.cpu_ms() - before) / len(result.latencies)


if __name__ == "__main__":
    main()
