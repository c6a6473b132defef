"""People: users, their sessions, pending resets and counted attempts, with every query on them.

Moments are UTC without a zone, in both databases. Notes and pads are in notes.py.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from peewee import (
    BigAutoField,
    CharField,
    DatabaseProxy,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
)

database = DatabaseProxy()


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
    time_zone = CharField(max_length=64, default="")

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

    @classmethod
    def change_email(cls, user_id: int, old: str, new: str) -> bool:
        """Give an account another address if it still has the old one; `IntegrityError` when the new one is taken."""
        return bool(cls.update(email=new).where((cls.id == user_id) & (cls.email == old)).execute())

    def replace_hash(self, password_hash: str) -> None:
        """Store the same password hashed anew; nobody is signed out."""
        User.update(password_hash=password_hash).where(User.id == self.id).execute()


class Visitor(NamedTuple):
    """The signed-in user of one request, with what every page shows: the address and the pads."""

    user_id: int
    email: str
    time_zone: str
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
    seen_at = DateTimeField()
    browser = CharField(max_length=60, default="")

    class Meta:
        table_name = "sessions"

    _VISITOR = """
        SELECT u.id, u.email, u.time_zone, p.id, p.name FROM sessions s JOIN users u ON u.id = s.user_id
        LEFT JOIN pads p ON p.user_id = u.id AND p.deleted_at IS NULL
        WHERE s.id = %s AND s.expires_at > %s ORDER BY lower(p.name), p.id"""

    @classmethod
    def visitor(cls, session_id: str) -> Visitor | None:
        """Return who is signed in with this session, in the one query that also brings the pads."""
        rows = database.rows(cls._VISITOR, session_id, now())
        if not rows:
            return None
        pads = [(pad_id, name) for *_, pad_id, name in rows if pad_id is not None]
        return Visitor(*rows[0][:3], session_id, pads)

    @classmethod
    def start(cls, session_id: str, user_id: int, expires_at: dt.datetime, browser: str) -> None:
        """Keep a new session, and forget the user's expired ones."""
        cls.delete().where((cls.user == user_id) & (cls.expires_at <= now())).execute()
        cls.insert(id=session_id, user=user_id, expires_at=expires_at, seen_at=now(), browser=browser).execute()

    @classmethod
    def renew(cls, session_id: str, expires_at: dt.datetime) -> None:
        """Let a session that is used go on."""
        cls.update(expires_at=expires_at, seen_at=now()).where(cls.id == session_id).execute()

    @classmethod
    def of_user(cls, user_id: int) -> list[tuple[str, str, dt.datetime]]:
        """Return (id, browser, seen_at) of each session of the user, the one used last first."""
        sql = """SELECT id, browser, seen_at FROM sessions WHERE user_id = %s AND expires_at > %s
            ORDER BY seen_at DESC, id"""
        return database.rows(sql, user_id, now())  # type: ignore[no-any-return]

    @classmethod
    def end_others(cls, user_id: int, session_id: str) -> None:
        """Forget all sessions of the user but one."""
        cls.delete().where((cls.user == user_id) & (cls.id != session_id)).execute()

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
        values = {"token_hash": token_hash, "expires_at": expires_at}
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
    def give_back(cls, keys: list[str]) -> None:
        """Take one attempt back under each key."""
        cls.update(count=cls.count - 1).where(cls.key.in_(keys) & (cls.count > 0)).execute()

    @classmethod
    def sweep(cls) -> None:
        """Delete the windows that are over."""
        cls.delete().where(cls.expires_at <= now()).execute()


_COUNT_ATTEMPTS = """
    INSERT INTO attempts (key, count, expires_at) VALUES {values}
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN attempts.expires_at <= %s THEN 1 ELSE attempts.count + 1 END,
        expires_at = CASE WHEN attempts.expires_at <= %s THEN excluded.expires_at ELSE attempts.expires_at END
    RETURNING key, count"""
