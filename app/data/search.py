"""Finding notes: those that contain every word, best first, by the same rule on both databases.

A word is found wherever it is written, also inside a longer one. PostgreSQL looks words with three letters or digits
in a row up in an index of trigrams; all others, and all of them on SQLite, are looked for in the user's own notes.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NamedTuple

from .models import database
from .notes import ORDERS, Note
from .sqlite import Sqlite

# Of ASCII only: whether PostgreSQL's trigrams know other letters depends on the locale of the server. A pattern without
# any trigram would read the whole index, which is slower than reading the user's notes.
INDEXED = re.compile(r"[a-z0-9]{3}")
RANKED_WORDS = 3
SPECIAL, _ESCAPED = re.compile("([%_!])"), r"!\1"
HEAD = 200
BEFORE, AROUND = 300, 1200


class Found(NamedTuple):
    """A note that was found; `text` is the part around the first match, cut from what was typed."""

    id: int
    name: str
    updated_at: dt.datetime
    pad_id: int | None
    text: str


def found_notes(
    user_id: int, words: list[str], order: str, limit: int, offset: int, pad_id: int | None = None
) -> tuple[list[Found], int]:
    """Return one page of the notes that contain all of the folded words, and how many there are.

    The order is one of ORDERS, or "" for the best first: words in the name, words at the beginning of one, then the
    newest.
    """
    if not words:
        return [], 0
    Note.derive(user_id)
    where, params = _conditions(user_id, words, pad_id)
    columns, column_params = _points(words[:RANKED_WORDS])
    score = " + ".join(f"p{at} + b{at}" for at in range(len(words[:RANKED_WORDS])))
    names = {"where": where, "columns": columns, "score": score, "order": ORDERS.get(order) or _BEST, "cut": _cut()}
    rows = database.rows(_FOUND.format(**names), *column_params, *params, words[0], limit, offset)
    if not rows and offset:
        return [], int(database.rows(f"SELECT count(*) FROM notes n WHERE {where}", *params)[0][0])
    return [Found(*row[:5]) for row in rows], rows[0][5] if rows else 0


def _conditions(user_id: int, words: list[str], pad_id: int | None) -> tuple[str, list[Any]]:
    conditions, params = ["n.user_id = %s", "n.deleted_at IS NULL"], [user_id]
    if pad_id is not None:
        conditions, params = [*conditions, "n.pad_id = %s"], [*params, pad_id]
    contained = [_contains(word) for word in words]
    conditions += [condition for condition, _ in contained]
    return " AND ".join(conditions), [*params, *(param for _, param in contained)]


def _contains(word: str) -> tuple[str, str]:
    """Return the condition that a note contains a word, and its parameter, by the quickest means there is."""
    if isinstance(database.obj, Sqlite) or INDEXED.search(word):
        return "n.folded LIKE %s ESCAPE '!'", f"%{SPECIAL.sub(_ESCAPED, word)}%"
    return "strpos(n.folded, %s) > 0", word


def _points(words: list[str]) -> tuple[str, list[str]]:
    """Return the points of each word, which the order is made of: read from the beginnings of the notes alone.

    A word has 4 points in the name, which ends at the first line's end, and 1 where a word at the beginning of the note
    begins with it.
    """
    name = f"substr(n.folded, 1, {_place()}(n.folded, %s))"
    in_name = f"CASE WHEN {_place()}({name}, %s) > 0 THEN 4 ELSE 0 END"
    begins = f"CASE WHEN {_place()}(substr(n.folded, 1, {HEAD}), %s) > 0 THEN 1 ELSE 0 END"
    points = [f"{in_name} AS p{at}, {begins} AS b{at}" for at in range(len(words))]
    return ", ".join(points), [value for word in words for value in ("\n", word, f" {word}")]


def _place() -> str:
    return "instr" if isinstance(database.obj, Sqlite) else "strpos"


def _cut() -> str:
    """Return the text around the first match of a word."""
    greatest = "max" if isinstance(database.obj, Sqlite) else "greatest"
    return f"substr(n.text, {greatest}(1, {_place()}(n.folded, %s) - length(n.name) - {BEFORE}), {AROUND})"


_BEST = "score DESC, n.updated_at DESC, n.id DESC"
# Ids are ordered alone; texts are only cut for the page that is shown.
_FOUND = """
    WITH f AS MATERIALIZED (SELECT n.id, n.name, n.updated_at, {columns} FROM notes n WHERE {where})
    SELECT n.id, n.name, n.updated_at, n.pad_id, {cut}, (SELECT count(*) FROM f)
    FROM (SELECT n.id, {score} AS score FROM f n ORDER BY {order} LIMIT %s OFFSET %s) h
    JOIN notes n ON n.id = h.id ORDER BY {order}"""
