"""Finding notes: those that contain every word, best first, by the same rule on both databases.

A word is found wherever it is written, also inside a longer one. PostgreSQL looks words with three letters or digits
in a row up in an index of trigrams; all others, and all of them on SQLite, are looked for in the user's own notes.
"""

from __future__ import annotations

import re
from typing import Any

from .models import database
from .notes import ORDERS, NotePage

# Of ASCII only: whether PostgreSQL's trigrams know other letters depends on the locale of the server. A pattern without
# any trigram would read the whole index, which is slower than reading the user's notes.
INDEXED = re.compile(r"[a-z0-9]{3}")
RANKED_WORDS = 3
SPECIAL, _ESCAPED = re.compile("([%_!])"), r"!\1"
HEAD = 200
BEFORE, AROUND = 300, 1200


def found_notes(
    user_id: int, words: list[str], order: str, limit: int, offset: int, pad_id: int | None = None
) -> NotePage:
    """Return one page of the notes that contain all of the folded words.

    The order is one of ORDERS, or "" for the best first: words in the name, words at the beginning of one, then the
    newest.
    """
    if not words:
        return NotePage([], 0)
    tests: list[tuple[str, Any]] = [("n.user_id = %s", user_id), *map(_contains, words)]
    if pad_id is not None:
        tests.append(("n.pad_id = %s", pad_id))
    where = " AND ".join(["n.deleted_at IS NULL", *(condition for condition, _ in tests)])
    params = [param for _, param in tests]
    columns, column_params = _points(words[:RANKED_WORDS])
    score = " + ".join(f"p{at} + b{at}" for at in range(len(words[:RANKED_WORDS])))
    match = f"{database.position}(n.folded, %s) - length(n.name) - {BEFORE}"
    cut = f"substr(n.text, {database.greatest}(1, {match}), {AROUND})"
    sql = _FOUND.format(where=where, columns=columns, score=score, order=ORDERS.get(order) or _BEST, cut=cut)
    rows = database.rows(sql, *column_params, *params, words[0], limit, offset)
    if not rows and offset:
        return NotePage([], int(database.rows(f"SELECT count(*) FROM notes n WHERE {where}", *params)[0][0]))
    return NotePage([row[:5] for row in rows], rows[0][5] if rows else 0)


def _contains(word: str) -> tuple[str, str]:
    """Return the condition that a note contains a word, and its parameter, by the quickest means there is."""
    if INDEXED.search(word):
        return "n.folded LIKE %s ESCAPE '!'", f"%{SPECIAL.sub(_ESCAPED, word)}%"
    return f"{database.position}(n.folded, %s) > 0", word


def _points(words: list[str]) -> tuple[str, list[str]]:
    """Return the points of each word, which the order is made of: read from the beginnings of the notes alone.

    A word has 4 points in the name, which ends at the first line's end, and 1 where a word at the beginning of the note
    begins with it.
    """
    place = database.position
    name = f"substr(n.folded, 1, {place}(n.folded, %s))"
    in_name = f"CASE WHEN {place}({name}, %s) > 0 THEN 4 ELSE 0 END"
    begins = f"CASE WHEN {place}(substr(n.folded, 1, {HEAD}), %s) > 0 THEN 1 ELSE 0 END"
    points = [f"{in_name} AS p{at}, {begins} AS b{at}" for at in range(len(words))]
    return ", ".join(points), [value for word in words for value in ("\n", word, f" {word}")]


_BEST = "score DESC, n.updated_at DESC, n.id DESC"
# Ids are ordered alone; texts are only cut for the page that is shown.
_FOUND = """
    WITH f AS MATERIALIZED (SELECT n.id, n.name, n.updated_at, {columns} FROM notes n WHERE {where})
    SELECT n.id, n.name, n.updated_at, n.pad_id, {cut}, (SELECT count(*) FROM f)
    FROM (SELECT n.id, {score} AS score FROM f n ORDER BY {order} LIMIT %s OFFSET %s) h
    JOIN notes n ON n.id = h.id ORDER BY {order}"""
