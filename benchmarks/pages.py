"""Measure with Lighthouse how fast pages load, beside a page that says hello: python benchmarks/pages.py [--rounds 3]

Lighthouse simulates a phone on slow 4G, four times slower than this machine, and a desktop. What else the machine does
takes part in each figure, so a page is measured in turns with the bare page, and the ratios of the medians are what
survives. Needs `npm ci` in tools/browser_audits, and Chromium.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from serving import PASSWORD, Server  # noqa: E402

from notejam_cfn.local.database.postgres import Postgres, free_port  # noqa: E402
from tests.harness.application import RunningServer, command, environment  # noqa: E402
from tests.harness.browser_audits import EDIT, audit, fill, missing  # noqa: E402

# The page of who comes first, the one that is asked for most, and the one with most on it.
AUDITED = [{"path": "/signin/", "guest": True}, {"path": "/", "desktop": True}, {"path": EDIT}]
PAINT = "largest-contentful-paint"
METRICS = [PAINT, "total-blocking-time", "total-byte-weight"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each page is measured (3)")
    rounds = parser.parse_args().rounds
    if missing():
        sys.exit(missing())
    with Postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        postgres.add_database("notejam", "notejam", PASSWORD)
        environ = environment(postgres, DATABASE_PASSWORD=PASSWORD)
        command(environ, "migrate")
        report(measured(RunningServer(environ, Path(folder, "log")), bare(), rounds))


def bare() -> Server:
    """Start the least that answers with a page."""
    port = str(free_port())
    module = ["-m", "granian", "baseline:application", "--host", "127.0.0.1", "--port", port]
    return Server([*module, "--interface", "wsgi", "--no-ws"], {"PORT": port, "BENCHMARK_DSN": os.devnull})


def measured(server: RunningServer, hello: Server, rounds: int) -> dict[str, list[dict[str, Any]]]:
    """Return what Lighthouse said of each page in each round."""
    found = defaultdict(list)
    asked = {"categories": ["performance"], "audits": METRICS}
    alone = [{"path": "/hello"}, {"path": "/hello", "desktop": True}]
    try:
        client = fill(server)
        for _ in range(rounds):
            pages = audit(hello.port, audited=alone, **asked)["scores"]
            pages += audit(server.port, client, audited=AUDITED, **asked)["scores"]
            for page in pages:
                found[page["page"]].append(page)
    finally:
        server.destroy()
        hello.stop(signal.SIGINT)
    return found


def report(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print the medians, and how much longer a page takes to show what it has than a bare one."""
    print(f"{'page':22} score   shown after   blocked      sent   x hello")
    for name, pages in found.items():
        score = statistics.median(page["categories"]["performance"] for page in pages)
        paint, blocked, sent = (median(pages, metric) for metric in METRICS)
        ratio = paint / median(found[f"/hello, {name.rpartition(', ')[2]}"], PAINT)
        print(f"{name:22} {score:5.0f} {paint:10.0f} ms {blocked:6.0f} ms {sent / 1000:6.1f} kB   {ratio:7.2f}")


def median(pages: list[dict[str, Any]], metric: str) -> float:
    """Return the median of one audit's value."""
    return statistics.median(page["audits"][metric]["value"] for page in pages)


if __name__ == "__main__":
    main()
