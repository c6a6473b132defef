"""Notes and pads: their tables, and every query on them but the search (search.py) and the trash (trash.py).

What is in the trash has a `deleted_at`; every query here is about what is not. Lists that are read at each click are
plain SQL and return tuples: model objects for 200 notes cost three times as much CPU as rendering them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from peewee import BigAutoField, CharField, DateTimeField, ForeignKeyField, IntegerField, TextField

from .folding import first_line, folded_note
from .models import Table, User, database, now

ORDERS = {
    "name": "lower(n.name), n.id",
    "-name": "lower(n.name) DESC, n.id DESC",
    "updated_at": "n.updated_at, n.id",
    "-updated_at": "n.updated_at DESC, n.id DESC",
}
DEFAULT_ORDER = "-updated_at"
SUMMARY_LENGTH = 200
# Of an export: 4 MB at most, with 100,000 characters of four bytes each.
NOTES_AT_A_TIME = 10


class Pad(Table):
    """A named group of notes."""

    id = BigAutoField()
    user = ForeignKeyField(User, on_delete="CASCADE")
    name = CharField(max_length=100)
    deleted_at = DateTimeField(null=True)

    class Meta:
        table_name = "pads"

    @classmethod
    def add(cls, user_id: int, name: str) -> int:
        """Create a pad and return its id."""
        return int(database.rows("INSERT INTO pads (user_id, name) VALUES (%s, %s) RETURNING id", user_id, name)[0][0])

    @classmethod
    def rename(cls, pad_id: int, name: str) -> None:
        """Give a pad another name."""
        cls.update(name=name).where(cls.id == pad_id).execute()


class NotePage(NamedTuple):
    """Some notes of a list, as (id, name, updated_at, pad_id, first line), and how many the whole list has.

    Of notes that were found it is not the first line but the part around the first match, cut from what was typed.
    """

    notes: list[tuple[int, str, dt.datetime, int | None, str]]
    total: int


class Usage(NamedTuple):
    """What an account holds, its trash included: notes, and the bytes of their texts."""

    notes: int
    bytes: int


class Note(Table):
    """A note: a name and a text, in one of its owner's pads or in none.

    `version` counts its changes, so that a save can name the one it started from. `summary` and `folded` are made of
    name and text.
    """

    id = BigAutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", index=False)
    pad = ForeignKeyField(Pad, null=True, on_delete="CASCADE")
    name = CharField(max_length=100)
    text = TextField()
    created_at = DateTimeField()
    updated_at = DateTimeField()
    version = IntegerField(default=1)
    deleted_at = DateTimeField(null=True)
    summary = CharField(max_length=SUMMARY_LENGTH)
    folded = TextField()

    class Meta:
        table_name = "notes"
        indexes = ((("user", "updated_at"), False),)

    @classmethod
    def page(cls, user_id: int, order: str, limit: int, offset: int, pad_id: int | None = None) -> NotePage:
        """Return one page of the user's notes, or of a pad's."""
        where, params = ("user_id = %s", [user_id]) if pad_id is None else (_IN_PAD, [user_id, pad_id])
        found = database.rows(_PAGE.format(where=where, order=ORDERS[order]), *params, limit, offset)
        if found or not offset:
            return NotePage([row[:5] for row in found], found[0][5] if found else 0)
        # Past the end no row tells the total.
        return NotePage([], database.rows(_COUNT.format(where=where), *params)[0][0])

    @classmethod
    def of_user(cls, note_id: int, user_id: int) -> tuple[Any, ...] | None:
        """Return (id, pad_id, name, text, created_at, updated_at, version) of the user's note, or None."""
        rows = database.rows(_ONE_NOTE, note_id, user_id)
        return rows[0] if rows else None

    @classmethod
    def add(cls, user_id: int, pad_id: int | None, name: str, text: str, most: Usage) -> tuple[int, int | None] | None:
        """Create a note and return its id and the pad it is in: none when the pad went to the trash meanwhile.

        Nothing is written, and nothing returned, when the account would then hold more than `most`.
        """
        moment = now()
        values = (user_id, name, text, moment, moment, *_derived(name, text), pad_id, user_id)
        usage = _USAGE.format(bytes=database.byte_length)
        rows = database.rows(
            _ADD_NOTE_IF.format(usage=usage), *values, user_id, most.notes, len(text.encode()), most.bytes
        )
        return rows[0] if rows else None

    @classmethod
    def add_all(cls, user_id: int, notes: Iterable[tuple[Any, ...]]) -> list[tuple[int, int | None]]:
        """Create notes of (pad_id, name, text, created_at, updated_at), where no moment means now."""
        moment = now()
        added = []
        for pad_id, name, text, created_at, updated_at in notes:
            values = (user_id, name, text, created_at or moment, updated_at or moment, *_derived(name, text))
            added.append(database.rows(_ADD_NOTE, *values, pad_id, user_id)[0])
        return added

    @classmethod
    def edit(
        cls, note_id: int, user_id: int, version: int, pad_id: int | None, name: str, text: str
    ) -> int | bool | None:
        """Overwrite that version of a note and move it to the top; return the pad it is in, or False.

        It is False when the note has another version by now, or is gone: nothing is written then.
        """
        values = (name, text, now(), *_derived(name, text), pad_id, user_id)
        rows = database.rows(_EDIT_NOTE, *values, note_id, user_id, version)
        return rows[0][0] if rows else False

    @classmethod
    def move(cls, note_ids: list[int], user_id: int, pad_id: int | None) -> int:
        """Put notes of the user into a pad, or into none, and return how many."""
        marks = ", ".join(["%s"] * len(note_ids))
        return len(database.rows(_MOVE_NOTES.format(ids=marks), pad_id, user_id, user_id, *note_ids))

    @classmethod
    def usage(cls, user_id: int) -> Usage:
        """Return what the account holds."""
        return Usage(*database.rows(_USAGE.format(bytes=database.byte_length), user_id)[0])

    @classmethod
    def all_of(cls, user_id: int) -> Iterator[tuple[Any, ...]]:
        """Yield (id, pad_id, name, text, created_at, updated_at) of everything the user wrote, oldest first.

        A few at a time are read: all of them could be more than a task has memory for.
        """
        last = 0
        while rows := database.rows(_SOME_NOTES, user_id, last, NOTES_AT_A_TIME):
            yield from rows
            last = rows[-1][0]

    @classmethod
    def names_of(cls, user_id: int) -> list[tuple[int, str]]:
        """Return (id, name) of every note of the user."""
        sql = "SELECT id, name FROM notes WHERE user_id = %s AND deleted_at IS NULL"
        return database.rows(sql, user_id)  # type: ignore[no-any-return]

    @classmethod
    def texts_of(cls, user_id: int, note_ids: list[int]) -> list[str]:
        """Return the texts of some of the user's notes."""
        marks = ", ".join(["%s"] * len(note_ids))
        sql = f"SELECT text FROM notes WHERE user_id = %s AND deleted_at IS NULL AND id IN ({marks})"
        return [text for (text,) in database.rows(sql, user_id, *note_ids)]


def _derived(name: str, text: str) -> tuple[str, str]:
    return first_line(text)[:SUMMARY_LENGTH], folded_note(name, text)


_IN_PAD = "user_id = %s AND n.pad_id = %s"
_COUNT = "SELECT count(*) FROM notes n WHERE n.{where} AND n.deleted_at IS NULL"
_PAGE = """
    SELECT n.id, n.name, n.updated_at, n.pad_id, n.summary, count(*) OVER ()
    FROM notes n WHERE n.{where} AND n.deleted_at IS NULL ORDER BY {order} LIMIT %s OFFSET %s"""
_ONE_NOTE = """
    SELECT id, pad_id, name, text, created_at, updated_at, version FROM notes
    WHERE id = %s AND user_id = %s AND deleted_at IS NULL"""
_SOME_NOTES = """
    SELECT id, pad_id, name, text, created_at, updated_at FROM notes
    WHERE user_id = %s AND id > %s AND deleted_at IS NULL ORDER BY id LIMIT %s"""
# A pad that went to the trash in another window is no pad: the note must not go with it.
_LIVE_PAD = "(SELECT p.id FROM pads p WHERE p.id = %s AND p.user_id = %s AND p.deleted_at IS NULL)"
_USAGE = "SELECT count(*) AS notes, coalesce(sum({bytes}), 0) AS bytes FROM notes WHERE user_id = %s"
_INTO = "INSERT INTO notes (user_id, name, text, created_at, updated_at, summary, folded, version, pad_id)"
_VALUES = f"%s, %s, %s, %s, %s, %s, %s, 1, {_LIVE_PAD}"
_ADD_NOTE = f"{_INTO} VALUES ({_VALUES}) RETURNING id, pad_id"
_ADD_NOTE_IF = f"""
    {_INTO} SELECT {_VALUES} FROM ({{usage}}) used
    WHERE used.notes + 1 <= %s AND used.bytes + %s <= %s RETURNING id, pad_id"""
_EDIT_NOTE = f"""
    UPDATE notes SET name = %s, text = %s, updated_at = %s, summary = %s, folded = %s, version = version + 1,
        pad_id = {_LIVE_PAD}
    WHERE id = %s AND user_id = %s AND version = %s AND deleted_at IS NULL RETURNING pad_id"""
_MOVE_NOTES = f"""
    UPDATE notes SET pad_id = {_LIVE_PAD}, version = version + 1
    WHERE user_id = %s AND deleted_at IS NULL AND id IN ({{ids}}) RETURNING id"""
