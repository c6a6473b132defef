"""What the application's tests share: both databases, an application on each, and a browser without JavaScript."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from webtest import TestApp

from app.accounts.mail import Outbox
from app.application import create_app
from app.data.migrate import migrate
from app.data.models import database
from app.security import passwords
from app.settings import Settings
from notejam_cfn.local.database.postgres import Postgres
from tests.harness.application import CHEAP, QUICK, RunningServer, environment

from .helpers import PASSWORD, SECRET, SignedUp, sign_up

# What the migrations made, in one value: a test that changed it leaves a database to be made anew.
SHAPE = """
    SELECT md5(string_agg(concat_ws(' ', relname, relkind, attname, tgname), ',' ORDER BY relname, attnum, tgname))
    FROM pg_class c LEFT JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_trigger ON tgrelid = c.oid
    WHERE relnamespace = 'public'::regnamespace"""
# Of few rows; TRUNCATE, which makes new files for each table and index, takes twenty times as long.
CLEAR = """
    DELETE FROM users; DELETE FROM attempts;
    SELECT setval(format('%I_id_seq', name)::regclass, 1, false) FROM unnest(ARRAY['users', 'pads', 'notes']) name"""


class Emptied:
    """The database of a PostgreSQL server, given back to each test as the migrations made it."""

    def __init__(self, server: Postgres) -> None:
        connection = {"database_host": "127.0.0.1", "database_port": server.port, "database_name": "notejam"}
        self.settings = {
            "session_secret": SECRET,
            "database_user": "notejam",
            "database_password": PASSWORD,
            **connection,
        }
        self._server = server
        self._shape: Any = None

    def clear(self) -> None:
        """Leave nothing in the tables, or migrate anew if they are not what they were."""
        with self._admin() as admin:
            intact = self._shape is not None and admin.execute(SHAPE).fetchone() == self._shape
            if intact:
                admin.execute(CLEAR)
        if not intact:
            self._server.empty("notejam", "notejam")
            migrated(self.settings)
            with self._admin() as admin:
                self._shape = admin.execute(SHAPE).fetchone()

    def _admin(self) -> psycopg.Connection:
        where: dict[str, Any] = {"host": self._server.folder, "port": self._server.port, "dbname": "notejam"}
        return psycopg.connect(user="postgres", **where)


def migrated(settings: dict[str, Any]) -> None:
    """Migrate, and keep no connection."""
    migrate(Settings(**settings))
    database.obj.close()
    database.obj.pool.close_idle()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the whole session."""
    with Postgres() as server:
        server.add_database("notejam", "notejam", PASSWORD)
        yield server


@pytest.fixture(scope="session")
def emptied(postgres: Postgres) -> Emptied:
    return Emptied(postgres)


@pytest.fixture
def postgres_settings(emptied: Emptied) -> dict[str, Any]:
    """Settings for the server's database, migrated and empty."""
    emptied.clear()
    return dict(emptied.settings)


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file of SQLite, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "notejam.db"
    migrated({"session_secret": SECRET, "database_path": str(path)})
    return path


@pytest.fixture
def sqlite_settings(sqlite_file: Path, tmp_path: Path) -> dict[str, Any]:
    """Settings for a file of SQLite, migrated and empty."""
    shutil.copy(sqlite_file, tmp_path / "notejam.db")
    return {"session_secret": SECRET, "database_path": str(tmp_path / "notejam.db")}


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings for an empty database of each kind, as keyword arguments so that tests can add to them."""
    found: dict[str, Any] = request.getfixturevalue(f"{request.param}_settings")
    return found


@pytest.fixture
def environ(settings: dict[str, Any]) -> dict[str, str]:
    """The same, as the environment of a process."""
    return environment(**{name.upper(): str(value) for name, value in settings.items()})


@pytest.fixture
def sqlite_environ(sqlite_settings: dict[str, Any]) -> dict[str, str]:
    """The environment of a process with a file of SQLite."""
    return environment(**{name.upper(): str(value) for name, value in sqlite_settings.items()})


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[RunningServer]:
    """The application as a process, with cheap passwords, on each kind of database."""
    running = RunningServer(environ, tmp_path / "log", program=QUICK)
    yield running
    running.destroy()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., TestApp]]:
    """Start an application in this process; returns a browser."""

    def start(**settings: Any) -> TestApp:
        return TestApp(create_app(Settings(**settings)))

    # The real cost of a hash would make up most of the tests' time.
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    yield start
    if database.obj is not None and hasattr(database.obj, "pool"):
        database.obj.close()
        database.obj.pool.close_idle()


@pytest.fixture
def browser(start: Callable[..., TestApp], settings: dict[str, Any]) -> TestApp:
    """A guest's browser, on each kind of database."""
    return start(**settings)


@pytest.fixture(scope="session")
def signed_up() -> list[SignedUp]:
    """What the first test that needed a user has left for the others."""
    return []


@pytest.fixture
def user(browser: TestApp, signed_up: list[SignedUp]) -> TestApp:
    """A browser where user@example.com has signed up. The forms for it are filled in once."""
    if signed_up:
        signed_up[0].again(browser)
    else:
        sign_up(browser, "user@example.com")
        signed_up.append(SignedUp(browser))
    return browser


@pytest.fixture
def mails(browser: TestApp, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The messages sent, delivered at once instead of by a thread."""
    sent: list[Any] = []
    application = browser.app.application
    del application.outbox
    application.outbox = Outbox("notejam@example.com", sent.append, lambda job: _run(job))
    return sent


def _run(job: Callable[[], None]) -> None:
    database.close()
    job()
