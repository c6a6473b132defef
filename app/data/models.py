"""The tables and every query on them.

Lists that are read at each click are plain SQL and return tuples: building model objects for 200 notes costs three
times as much CPU as rendering them. Everything else is Peewee. Moments are UTC without a zone, in both databases.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NamedTuple

from peewee import (
    BigAutoField,
    CharField,
    DatabaseProxy,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

from .database import Sqlite

database = DatabaseProxy()

ORDERS = {
    "name": "lower(n.name), n.id",
    "-name": "lower(n.name) DESC, n.id DESC",
    "updated_at": "n.updated_at, n.id",
    "-updated_at": "n.updated_at DESC, n.id DESC",
}
DEFAULT_ORDER = "-updated_at"


def now() -> dt.datetime:
    """The present moment in UTC, without a zone, as the tables keep it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


class Table(Model):
    """What all tables share."""

    class Meta:
        database = database
        legacy_table_names = False


class User(Table):
    """Somebody with an account; `email` is kept in lower case."""

    id = BigAutoField()
    email = CharField(max_length=75, unique=True)
    password_hash = CharField(max_length=200)

    class Meta:
        table_name = "users"

    @classmethod
    def with_email(cls, email: str) -> User | None:
        """Return the account of that address, if any."""
        found: User | None = cls.get_or_none(cls.email == email)
        return found

    def change_password(self, password_hash: str) -> None:
        """Set another password and end every session and pending reset, in one transaction."""
        with database.atomic():
            User.update(password_hash=password_hash).where(User.id == self.id).execute()
            Session.delete().where(Session.user == self.id).execute()
            PasswordReset.delete().where(PasswordReset.user == self.id).execute()

    def replace_hash(self, password_hash: str) -> None:
        """Store the same password hashed anew; nobody is signed out."""
        User.update(password_hash=password_hash).where(User.id == self.id).execute()


class Visitor(NamedTuple):
    """The signed-in user of one request, with what every page shows: the address and the pads."""

    user_id: int
    email: str
    session_id: str
    pads: list[tuple[int, str]]

    def pad_name(self, pad_id: int | None) -> str:
        """Return the name of the user's pad, or an empty string when it is not one."""
        return next((name for key, name in self.pads if key == pad_id), "")


class Session(Table):
    """A browser that is signed in. Signing out deletes the row, so a stolen copy of the cookie dies with it."""

    id = CharField(max_length=22, primary_key=True)
    user = ForeignKeyField(User, on_delete="CASCADE")
    expires_at = DateTimeField()

    class Meta:
        table_name = "sessions"

    _VISITOR = """
        SELECT u.id, u.email, p.id, p.name FROM sessions s JOIN users u ON u.id = s.user_id
        LEFT JOIN pads p ON p.user_id = u.id WHERE s.id = %s AND s.expires_at > %s ORDER BY lower(p.name), p.id"""

    @classmethod
    def visitor(cls, session_id: str) -> Visitor | None:
        """Return who is signed in with this session, in the one query that also brings the pads."""
        rows = database.rows(cls._VISITOR, session_id, now())
        if not rows:
            return None
        pads = [(pad_id, name) for _, _, pad_id, name in rows if pad_id is not None]
        return Visitor(rows[0][0], rows[0][1], session_id, pads)

    @classmethod
    def start(cls, session_id: str, user_id: int, expires_at: dt.datetime) -> None:
        """Keep a new session, and forget the user's expired ones."""
        cls.delete().where((cls.user == user_id) & (cls.expires_at <= now())).execute()
        cls.insert(id=session_id, user=user_id, expires_at=expires_at).execute()

    @classmethod
    def end(cls, session_id: str) -> None:
        """Forget a session."""
        cls.delete().where(cls.id == session_id).execute()


class PasswordReset(Table):
    """The one pending reset of a user. Only a hash of the mailed token is kept."""

    user = ForeignKeyField(User, on_delete="CASCADE", primary_key=True)
    token_hash = CharField(max_length=64, unique=True)
    expires_at = DateTimeField()

    class Meta:
        table_name = "password_resets"

    @classmethod
    def start(cls, user_id: int, token_hash: str, expires_at: dt.datetime) -> None:
        """Keep a new reset; an earlier link of the same user stops working."""
        cls.replace_for(user_id, token_hash=token_hash, expires_at=expires_at)

    @classmethod
    def replace_for(cls, user_id: int, **values: Any) -> None:
        """Insert the user's row or overwrite it."""
        cls.insert(user=user_id, **values).on_conflict(conflict_target=[cls.user], update=values).execute()

    @classmethod
    def is_pending(cls, token_hash: str) -> bool:
        """Whether the token can still be used."""
        return bool(cls.select().where(cls._matches(token_hash)).exists())

    @classmethod
    def redeem(cls, token_hash: str) -> User | None:
        """Use up a token and return whose it was. Of two requests at once, only one gets the user."""
        used = cls.delete().where(cls._matches(token_hash)).returning(cls.user).execute()
        owner = next(iter(used), None)
        return owner and User.get_or_none(User.id == owner.user_id)

    @classmethod
    def _matches(cls, token_hash: str) -> Any:
        return (cls.token_hash == token_hash) & (cls.expires_at > now())


class Pad(Table):
    """A named group of notes."""

    id = BigAutoField()
    user = ForeignKeyField(User, on_delete="CASCADE")
    name = CharField(max_length=100)

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

    @classmethod
    def remove(cls, pad_id: int) -> None:
        """Delete a pad; the database deletes its notes with it."""
        cls.delete().where(cls.id == pad_id).execute()


class NotePage(NamedTuple):
    """Some notes of a list, as (id, name, updated_at, pad_id), and how many the whole list has."""

    notes: list[tuple[int, str, dt.datetime, int | None]]
    total: int


class Note(Table):
    """A note: a name and a text, in one of its owner's pads or in none."""

    id = BigAutoField()
    user = ForeignKeyField(User, on_delete="CASCADE", index=False)
    pad = ForeignKeyField(Pad, null=True, on_delete="CASCADE")
    name = CharField(max_length=100)
    text = TextField()
    created_at = DateTimeField()
    updated_at = DateTimeField()

    class Meta:
        table_name = "notes"
        indexes = ((("user", "updated_at"), False),)

    @classmethod
    def page(
        cls, user_id: int, order: str, limit: int, offset: int, pad_id: int | None = None, search: str = ""
    ) -> NotePage:
        """Return one page of the user's notes, of a pad's, or of those that contain every word of `search`."""
        where, params = _conditions(user_id, pad_id, search)
        found = database.rows(_page_sql(where, order), *params, limit, offset)
        if found or not offset:
            return NotePage([row[:4] for row in found], found[0][4] if found else 0)
        # Past the end no row tells the total.
        return NotePage([], database.rows(f"SELECT count(*) FROM notes n WHERE {where}", *params)[0][0])

    @classmethod
    def of_user(cls, note_id: int, user_id: int) -> tuple[Any, ...] | None:
        """Return (id, pad_id, name, text, created_at, updated_at) of the user's note, or None."""
        rows = database.rows(_ONE_NOTE, note_id, user_id)
        return rows[0] if rows else None

    @classmethod
    def add(cls, user_id: int, pad_id: int | None, name: str, text: str) -> int:
        """Create a note and return its id."""
        moment = now()
        return int(database.rows(_ADD_NOTE, user_id, pad_id, name, text, moment, moment)[0][0])

    @classmethod
    def edit(cls, note_id: int, pad_id: int | None, name: str, text: str) -> None:
        """Overwrite a note and move it to the top of the list."""
        cls.update(pad=pad_id, name=name, text=text, updated_at=now()).where(cls.id == note_id).execute()

    @classmethod
    def remove(cls, note_id: int) -> None:
        """Delete a note."""
        cls.delete().where(cls.id == note_id).execute()

    @classmethod
    def all_of(cls, user_id: int) -> list[tuple[Any, ...]]:
        """Return (id, pad_id, name, text, created_at, updated_at) of everything the user wrote, oldest first."""
        sql = "SELECT id, pad_id, name, text, created_at, updated_at FROM notes WHERE user_id = %s ORDER BY id"
        return database.rows(sql, user_id)  # type: ignore[no-any-return]


class Attempts(Table):
    """How often something was tried lately. The key is a hash: no address and no e-mail is kept."""

    key = CharField(max_length=64, primary_key=True)
    count = IntegerField()
    expires_at = DateTimeField(index=True)

    class Meta:
        table_name = "attempts"

    @classmethod
    def count_one(cls, keys: list[str], expires_at: dt.datetime) -> dict[str, int]:
        """Count one more attempt under each key and return the counts, in one statement.

        A key whose window is over starts again. The keys are sorted so that two requests cannot lock each other out.
        """
        moment = now()
        values = ", ".join(["(%s, 1, %s)"] * len(keys))
        params = [value for key in sorted(keys) for value in (key, expires_at)]
        return dict(database.rows(_COUNT_ATTEMPTS.format(values=values), *params, moment, moment))

    @classmethod
    def forget(cls, keys: list[str]) -> None:
        """Start counting from zero again."""
        cls.delete().where(cls.key.in_(keys)).execute()

    @classmethod
    def sweep(cls) -> None:
        """Delete the windows that are over."""
        cls.delete().where(cls.expires_at <= now()).execute()


_ONE_NOTE = "SELECT id, pad_id, name, text, created_at, updated_at FROM notes WHERE id = %s AND user_id = %s"
_ADD_NOTE = """
    INSERT INTO notes (user_id, pad_id, name, text, created_at, updated_at)
    VALUES (%s, %s, %s, %s, %s, %s) RETURNING id"""
_COUNT_ATTEMPTS = """
    INSERT INTO attempts (key, count, expires_at) VALUES {values}
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN attempts.expires_at <= %s THEN 1 ELSE attempts.count + 1 END,
        expires_at = CASE WHEN attempts.expires_at <= %s THEN excluded.expires_at ELSE attempts.expires_at END
    RETURNING key, count"""


def _page_sql(where: str, order: str) -> str:
    return f"""
        SELECT n.id, n.name, n.updated_at, n.pad_id, count(*) OVER ()
        FROM notes n WHERE {where} ORDER BY {ORDERS[order]} LIMIT %s OFFSET %s"""


def _conditions(user_id: int, pad_id: int | None, search: str) -> tuple[str, list[Any]]:
    where, params = "n.user_id = %s", [user_id]
    if pad_id is not None:
        where, params = where + " AND n.pad_id = %s", [*params, pad_id]
    if not search:
        return where, params
    condition, words = _search_condition(search)
    return f"{where} AND {condition}", [*params, *words]


def _search_condition(search: str) -> tuple[str, list[str]]:
    """Every word must occur: as the beginning of a word on PostgreSQL (its full-text index), anywhere on SQLite."""
    words = re.findall(r"\w+", search)[:10]
    if not words:
        return "1 = 0", []
    if not isinstance(database.obj, Sqlite):
        return "n.search @@ to_tsquery('simple', %s)", [" & ".join(f"'{word}':*" for word in words)]
    like = "(n.name || ' ' || n.text) LIKE %s ESCAPE '!'"
    return " AND ".join([like] * len(words)), [f"%{word.replace('_', '!_')}%" for word in words]
