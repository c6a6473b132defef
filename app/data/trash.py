"""The trash: notes and pads that were deleted, for 30 days."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any, NamedTuple

from .models import database, now

DAYS = 30
SECONDS_BETWEEN_SWEEPS = 3600
_MARK_NOTES = "UPDATE notes SET deleted_at = %s, version = version + 1"


class Trashed(NamedTuple):
    """Something in the trash; `kind` is "notes" or "pads", `about` a note's first line or how many notes a pad had."""

    kind: str
    id: int
    name: str
    deleted_at: dt.datetime
    about: Any


def trash_note(note_id: int, user_id: int) -> bool:
    """Put a note of the user into the trash; return whether there was one."""
    where = "WHERE id = %s AND user_id = %s AND deleted_at IS NULL RETURNING id"
    return bool(database.rows(f"{_MARK_NOTES} {where}", now(), note_id, user_id))


def trash_pad(pad_id: int, user_id: int) -> bool:
    """Put a pad of the user and the notes in it into the trash, as one thing; return whether there was one."""
    moment = now()
    with database.atomic():
        if not database.rows(_TRASH_PAD, moment, pad_id, user_id):
            return False
        database.rows(f"{_MARK_NOTES} WHERE pad_id = %s AND deleted_at IS NULL RETURNING id", moment, pad_id)
    return True


def restore_note(note_id: int, user_id: int) -> bool:
    """Take a note out of the trash; into no pad when its pad is still in there."""
    return bool(database.rows(_RESTORE_NOTE, note_id, user_id))


def restore_pad(pad_id: int, user_id: int) -> bool:
    """Take a pad out of the trash, with the notes that went there with it."""
    with database.atomic():
        found = database.rows("SELECT deleted_at FROM pads WHERE id = %s AND user_id = %s", pad_id, user_id)
        if not found or found[0][0] is None:
            return False
        database.rows("UPDATE pads SET deleted_at = NULL WHERE id = %s RETURNING id", pad_id)
        database.rows(_RESTORE_NOTES, pad_id, found[0][0])
    return True


def trashed(user_id: int, limit: int) -> list[Trashed]:
    """Return what the user deleted last; notes that went with their pad are counted there and not listed."""
    notes = [Trashed("notes", *row) for row in database.rows(_TRASHED_NOTES, user_id, limit)]
    pads = [Trashed("pads", *row) for row in database.rows(_TRASHED_PADS, user_id, limit)]
    return sorted(notes + pads, key=lambda item: item.deleted_at, reverse=True)[:limit]


def empty_trash(user_id: int) -> None:
    """Delete for good what is in the user's trash."""
    _delete(now(), "AND user_id = %s", user_id)


def sweep_trash() -> None:
    """Delete for good what everybody deleted more than 30 days ago."""
    _delete(now() - dt.timedelta(days=DAYS), "")


class Sweeper:
    """Sweeps the trash once an hour, by a request that has the database at hand: nothing wakes a paused one for it."""

    due_at = 0.0

    def pass_by(self) -> None:
        """Do it if it is due."""
        if time.monotonic() >= self.due_at:
            self.due_at = time.monotonic() + SECONDS_BETWEEN_SWEEPS
            sweep_trash()


def _delete(until: dt.datetime, whose: str, *params: Any) -> None:
    with database.atomic():
        # A note that came out of the trash, or into a pad just when that was deleted, must not go with the pad.
        database.rows(_FREE_NOTES.format(whose=whose), until, *params, until)
        for table in ("notes", "pads"):
            sql = f"DELETE FROM {table} WHERE deleted_at <= %s {whose} RETURNING id"
            database.rows(sql, until, *params)


_TRASH_PAD = "UPDATE pads SET deleted_at = %s WHERE id = %s AND user_id = %s AND deleted_at IS NULL RETURNING id"
_RESTORE_NOTE = """
    UPDATE notes SET deleted_at = NULL, version = version + 1,
        pad_id = (SELECT p.id FROM pads p WHERE p.id = notes.pad_id AND p.deleted_at IS NULL)
    WHERE id = %s AND user_id = %s AND deleted_at IS NOT NULL RETURNING id"""
_RESTORE_NOTES = """
    UPDATE notes SET deleted_at = NULL, version = version + 1 WHERE pad_id = %s AND deleted_at = %s RETURNING id"""
_TRASHED_NOTES = """
    SELECT n.id, n.name, n.deleted_at, n.summary FROM notes n LEFT JOIN pads p ON p.id = n.pad_id
    WHERE n.user_id = %s AND n.deleted_at IS NOT NULL AND (p.deleted_at IS NULL OR p.deleted_at <> n.deleted_at)
    ORDER BY n.deleted_at DESC LIMIT %s"""
_TRASHED_PADS = """
    SELECT p.id, p.name, p.deleted_at, (
        SELECT count(*) FROM notes n WHERE n.pad_id = p.id AND n.deleted_at = p.deleted_at)
    FROM pads p WHERE p.user_id = %s AND p.deleted_at IS NOT NULL ORDER BY p.deleted_at DESC LIMIT %s"""
_FREE_NOTES = """
    UPDATE notes SET pad_id = NULL WHERE (deleted_at IS NULL OR deleted_at > %s) {whose}
    AND pad_id IN (SELECT p.id FROM pads p WHERE p.deleted_at <= %s) RETURNING id"""
