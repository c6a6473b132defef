"""Whatever is wrong with the database: the answer says so, the text is kept, and the log names the cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp

from app.data.models import database
from notejam_cfn.local.database.postgres import Postgres

from ..helpers import main_form, sign_up

FULL = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON notes EXECUTE FUNCTION no_room()"""


def written(user: TestApp) -> Any:
    form = main_form(user.get("/notes/create/"))
    form["name"], form["text"] = "Bread", "Ten pages about bread"
    return form


def assert_told(page: Any, printed: str, cause: str) -> None:
    # Not 503, in place of which CloudFront would show its waiting page.
    assert page.status_int == 500
    assert page.headers["Retry-After"]
    assert "Ten pages about bread" in page
    line = json.loads(printed.strip().splitlines()[-1])
    assert cause in line["error"]
    assert line["level"] == "ERROR"
    assert "bread" not in printed.splitlines()[-1]


def reopened_with(monkeypatch: pytest.MonkeyPatch, pragma: str) -> None:
    """Let every connection to SQLite from now on start with that pragma."""
    pool = database.obj.pool
    connect = pool._connect

    def connect_in_trouble() -> Any:
        connection = connect()
        connection.execute(pragma)
        return connection

    monkeypatch.setattr(pool, "_connect", connect_in_trouble)
    pool.close_idle()


@pytest.fixture
def small(start: Callable[..., TestApp], sqlite_settings: dict[str, Any]) -> TestApp:
    browser = start(**sqlite_settings)
    sign_up(browser, "user@example.com")
    return browser


@pytest.fixture
def big(start: Callable[..., TestApp], postgres_settings: dict[str, Any]) -> TestApp:
    browser = start(**postgres_settings, database_wait_seconds=1)
    sign_up(browser, "user@example.com")
    return browser


@pytest.mark.parametrize(
    ("pragma", "cause"),
    [("PRAGMA query_only = on", "SQLITE_READONLY"), ("PRAGMA max_page_count = 1", "SQLITE_FULL")],
)
def test_a_file_that_cannot_grow_or_be_written(
    small: TestApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], pragma: str, cause: str
) -> None:
    form = written(small)
    form["text"] = "Ten pages about bread " * 4000
    reopened_with(monkeypatch, pragma)
    assert_told(form.submit(expect_errors=True), capsys.readouterr().out, cause)


def test_a_page_without_a_text_is_503(small: TestApp, tmp_path: Path) -> None:
    database.obj.pool.close_idle()
    (tmp_path / "notejam.db").unlink()
    (tmp_path / "notejam.db").mkdir()
    assert small.get("/", status=503).headers["Retry-After"]


def test_a_file_that_is_gone(small: TestApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = written(small)
    database.obj.pool.close_idle()
    (tmp_path / "notejam.db").unlink()
    (tmp_path / "notejam.db").mkdir()
    assert_told(form.submit(expect_errors=True), capsys.readouterr().out, "DatabaseUnavailable")


def test_a_damaged_file(small: TestApp, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    form = written(small)
    database.obj.pool.close_idle()
    path = tmp_path / "notejam.db"
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * (path.stat().st_size - 100))
    assert_told(form.submit(expect_errors=True), capsys.readouterr().out, "")


def test_a_full_server(big: TestApp, capsys: pytest.CaptureFixture[str]) -> None:
    form = written(big)
    database.execute_sql(FULL)
    database.close()
    assert_told(form.submit(expect_errors=True), capsys.readouterr().out, "DiskFull (53100)")


def test_a_read_only_server(big: TestApp, postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    form = written(big)
    postgres.sql("ALTER DATABASE notejam SET default_transaction_read_only = on")
    try:
        database.obj.pool.close_idle()
        assert_told(form.submit(expect_errors=True), capsys.readouterr().out, "ReadOnlySqlTransaction (25006)")
    finally:
        postgres.sql("ALTER DATABASE notejam RESET default_transaction_read_only")


def test_a_server_that_refuses(big: TestApp, postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    form = written(big)
    postgres.stop()
    try:
        assert_told(form.submit(expect_errors=True), capsys.readouterr().out, "DatabaseUnavailable")
    finally:
        postgres.start()
