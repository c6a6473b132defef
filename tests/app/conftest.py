"""What the application's tests share: both databases, an application on each, and a browser without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from app.accounts.mail import Outbox
from app.application import create_app
from app.data.migrate import migrate
from app.data.models import database
from app.security import passwords
from app.settings import Settings
from notejam_cfn.local.database.postgres import Postgres

from .helpers import PASSWORD, SECRET, sign_up


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the whole session."""
    with Postgres() as server:
        server.add_database("notejam", "notejam", PASSWORD)
        yield server


@pytest.fixture
def postgres_settings(postgres: Postgres) -> dict[str, Any]:
    """Settings for the server's database, emptied."""
    postgres.empty("notejam", "notejam")
    connection = {"database_host": "127.0.0.1", "database_port": postgres.port, "database_name": "notejam"}
    return {"session_secret": SECRET, "database_user": "notejam", "database_password": PASSWORD, **connection}


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Settings for an empty database of each kind, as keyword arguments so that tests can add to them."""
    if request.param == "postgres":
        found: dict[str, Any] = request.getfixturevalue("postgres_settings")
        return found
    return {"session_secret": SECRET, "database_path": str(tmp_path / "notejam.db")}


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., TestApp]]:
    """Migrate and start an application in this process; returns a browser."""

    def start(**settings: Any) -> TestApp:
        chosen = Settings(**settings)
        migrate(chosen)
        return TestApp(create_app(chosen))

    # The real cost of a hash would make up most of the tests' time.
    cheap = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    yield start
    if database.obj is not None and hasattr(database.obj, "pool"):
        database.obj.close()
        database.obj.pool.close_idle()


@pytest.fixture
def browser(start: Callable[..., TestApp], settings: dict[str, Any]) -> TestApp:
    """A guest's browser, on each kind of database."""
    return start(**settings)


@pytest.fixture
def user(browser: TestApp) -> TestApp:
    """A browser where user@example.com is signed in."""
    sign_up(browser, "user@example.com")
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
