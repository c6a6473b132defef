"""Measure what app/data/statements.py saves: the CPU of a page's statements by psycopg's cursor and by libpq's calls.

    python benchmarks/statements.py

Printed is the CPU time of this process for one run of a statement on PostgreSQL: the least of many rounds, in turns.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import psycopg  # noqa: E402

from app.data.statements import Statements  # noqa: E402
from notejam_cfn.local.database.postgres import Postgres  # noqa: E402

ROUNDS, RUNS = 20, 200
TABLE = """
    CREATE TABLE notes AS SELECT n AS id, 'Note ' || n AS name, now()::timestamp AS updated_at, n % 10 AS pad_id,
        repeat('A short note. ', 20) AS text FROM generate_series(1, 200) n"""
STATEMENTS = {
    "one row": ("SELECT id, name, updated_at, pad_id, text FROM notes WHERE id = %s", (7,)),
    "50 rows": ("SELECT id, name, updated_at, pad_id FROM notes WHERE id > %s ORDER BY id LIMIT 50", (7,)),
}


def main() -> None:
    """Print a line for each statement."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with Postgres() as postgres, psycopg.connect(_address(postgres), autocommit=True) as connection:
        connection.execute(TABLE)
        connection.prepare_threshold = 0
        cursor, libpq = connection.execute, Statements(connection).rows
        for name, (sql, params) in STATEMENTS.items():
            rows = libpq(sql, params)
            assert rows == cursor(sql, params).fetchall()
            ways = {"cursor": lambda: cursor(sql, params).fetchall(), "libpq": lambda: libpq(sql, params)}  # noqa: B023
            least = {way: min(spent(run) for _ in range(ROUNDS)) for way, run in ways.items()}
            print(f"{name}: psycopg's cursor {least['cursor']:.0f} µs, libpq {least['libpq']:.0f} µs")


def _address(postgres: Postgres) -> str:
    return f"host={postgres.folder} port={postgres.port} user=postgres"


def spent(run: Any) -> float:
    """Return the CPU time of one run in microseconds."""
    started = time.process_time()
    for _ in range(RUNS):
        run()
    return (time.process_time() - started) / RUNS * 1e6


if __name__ == "__main__":
    main()
