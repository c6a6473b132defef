"""What the application is compared with: a page that says hello, and one that prints 50 rows of one query."""

from __future__ import annotations

import html
import os
import threading

import psycopg
from bottle import Bottle

application = Bottle()
_local = threading.local()
QUERY = "SELECT id, name, updated_at, pad_id FROM notes WHERE user_id = 1 ORDER BY updated_at DESC LIMIT 50"


@application.get("/hello")
def hello() -> str:
    """The least a page can cost."""
    return "hello"


@application.get("/rows")
def rows() -> str:
    """The least a list can cost: one statement, one string, no session, no template."""
    found = _connection().execute(QUERY).fetchall()
    return "".join(f"<li>{note_id} {html.escape(name)} {moment} {pad}</li>" for note_id, name, moment, pad in found)


def _connection() -> psycopg.Connection:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["BENCHMARK_DSN"], autocommit=True)
    return _local.connection
