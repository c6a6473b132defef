"""Prepared statements, run by libpq with one call each.

A page is two statements. psycopg's cursor takes 85 to 100 µs of CPU for each, where libpq takes 25 to 50: together, a
third of what a page costs (benchmarks/statements.py). Values become parameters, and columns values, by psycopg.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

# A search is a statement of its own for each number and kind of words; what comes after these, psycopg runs.
MOST_PREPARED = 100


class Statements:
    """The statements that are prepared on one connection, by their text and the types of their parameters."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._values = Transformer(connection)
        self._names: dict[tuple[str, tuple[int, ...] | None], bytes] = {}

    def rows(self, sql: str, params: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Run a statement that answers with rows, written with %s for its parameters. Raises psycopg's errors."""
        values = self._values
        sent = values.dump_sequence(params, [PyFormat.AUTO] * len(params))
        key = (sql, values.types)
        name = self._names.get(key)
        if name is None:
            if len(self._names) == MOST_PREPARED:
                return self._connection.execute(sql, params).fetchall()
            name = self._prepare(*key)
        result = self._connection.pgconn.exec_prepared(name, sent, values.formats)
        if result.status != ExecStatus.TUPLES_OK:
            raise _error(result)
        values.set_pgresult(result)
        found = values.load_rows(0, result.ntuples, tuple)
        # The page may be large, and the next statement of this connection far.
        values.set_pgresult(None)
        return found

    def _prepare(self, sql: str, types: tuple[int, ...] | None) -> bytes:
        name = b"page_%d" % len(self._names)
        numbers = itertools.count(1)
        text = re.sub("%s", lambda _: f"${next(numbers)}", sql).encode()
        result = self._connection.pgconn.prepare(name, text, types)
        if result.status != ExecStatus.COMMAND_OK:
            raise _error(result)
        self._names[sql, types] = name
        return name


def _error(result: PGresult) -> psycopg.Error:
    if result.error_field(DiagnosticField.SQLSTATE):
        return error_from_result(result)
    # It is libpq that speaks, not the server: the connection is gone.
    return psycopg.OperationalError(result.get_error_message())
