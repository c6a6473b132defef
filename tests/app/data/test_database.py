"""Database trouble is ordinary: every kind of it, against a real PostgreSQL."""

from __future__ import annotations

import http.server
import json
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peewee
import pytest
from webtest import TestApp

from app.data.database import new_database
from app.data.models import User, database
from app.data.pool import Pool
from app.data.postgres import Postgres as Database
from app.data.trash import trash_pad
from app.errors import DatabaseUnavailable
from app.settings import RDS_CERTIFICATES, Settings
from notejam_cfn.local.database.postgres import Postgres
from notejam_cfn.local.database.tls import PORT, tls_front
from notejam_cfn.local.entrance.certificates import Authority

from ..helpers import PASSWORD, add_note, add_pad, main_form, sign_up, submit

KILL_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'notejam' AND pid <> pg_backend_pid()"
)
COUNT_ALL = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'notejam'"


@pytest.fixture
def browser(start: Callable[..., TestApp], postgres_settings: dict[str, Any]) -> TestApp:
    """A signed-in browser, on PostgreSQL."""
    browser = start(**postgres_settings)
    sign_up(browser, "user@example.com")
    return browser


@contextmanager
def later(seconds: float, action: Callable[[], Any]) -> Iterator[None]:
    """Do something in the background while the block runs; wait for it at the end."""
    timer = threading.Timer(seconds, action)
    timer.start()
    yield
    timer.join()


def connect(settings: dict[str, Any], **more: Any) -> Database:
    found = new_database(Settings(**{**settings, **more}))
    assert isinstance(found, Database)
    return found


def kill_connections(postgres: Postgres) -> None:
    postgres.sql(KILL_ALL)
    # The goodbye crosses the loopback faster than this.
    time.sleep(0.05)


def test_a_killed_connection_is_noticed_when_it_is_borrowed(browser: TestApp, postgres: Postgres) -> None:
    kill_connections(postgres)
    assert browser.get("/").status_int == 200


def test_a_form_is_saved_after_connections_were_killed(browser: TestApp, postgres: Postgres) -> None:
    form = main_form(browser.get("/pads/create/"))
    form["name"] = "Ideas"
    kill_connections(postgres)
    assert form.submit().status_int == 303


def test_a_read_is_retried_once_when_its_connection_dies(postgres_settings: dict[str, Any], postgres: Postgres) -> None:
    connection = connect(postgres_settings)
    assert connection.rows("SELECT 1") == [(1,)]
    kill_connections(postgres)
    assert connection.rows("SELECT 2") == [(2,)]
    connection.close()
    connection.pool.close_idle()


def test_a_write_is_not_retried_when_its_connection_dies(browser: TestApp, postgres: Postgres) -> None:
    database.rows("SELECT 1")
    kill_connections(postgres)
    with pytest.raises(peewee.OperationalError):
        database.rows("INSERT INTO pads (user_id, name) VALUES (1, 'twice?') RETURNING id")
    database.close()
    assert browser.get("/").status_int == 200


def test_a_write_refused_by_a_demoted_writer_goes_to_the_new_one(browser: TestApp) -> None:
    # A reader refuses writes with the same error; the connection made anew is the writer's.
    database.execute_sql("SET default_transaction_read_only = on")
    assert len(database.rows("INSERT INTO pads (user_id, name) VALUES (1, 'Ideas') RETURNING id")) == 1
    database.close()


def test_a_transaction_refused_by_a_demoted_writer_is_503_once(browser: TestApp) -> None:
    user = User.get()
    database.execute_sql("SET default_transaction_read_only = on")
    with pytest.raises((peewee.OperationalError, peewee.InternalError, peewee.InterfaceError)):
        user.change_password("another hash")
    database.close()
    user.change_password("another hash")
    database.close()


def test_a_restarted_database_is_not_noticed_by_readers(browser: TestApp, postgres: Postgres) -> None:
    postgres.restart()
    assert browser.get("/").status_int == 200


def test_a_paused_database_is_waited_for(browser: TestApp, postgres: Postgres) -> None:
    database.obj.pool.close_idle()
    postgres.pause()
    started = time.monotonic()
    with later(1, postgres.resume):
        assert browser.get("/").status_int == 200
    assert time.monotonic() - started > 0.9


def test_a_database_that_is_starting_is_waited_for(browser: TestApp, postgres: Postgres) -> None:
    postgres.stop()
    with later(0.5, postgres.start):
        assert browser.get("/").status_int == 200


def test_a_database_that_stays_away_gives_a_clean_503(
    start: Callable[..., TestApp], postgres_settings: dict[str, Any], postgres: Postgres
) -> None:
    browser = start(**postgres_settings, database_wait_seconds=1)
    sign_up(browser, "user@example.com")
    postgres.stop()
    try:
        page = browser.get("/", status=503)
        assert page.headers["Retry-After"] == "5"
        assert page.html.h1.text == "One moment, please"
        assert browser.get("/healthz").status_int == 200
        assert browser.get("/readyz", status=503)
        assert browser.get("/signin/").status_int == 200
    finally:
        postgres.start()
    assert browser.get("/").status_int == 200


def test_idle_connections_are_closed_without_any_request(
    start: Callable[..., TestApp], postgres_settings: dict[str, Any], postgres: Postgres
) -> None:
    browser = start(**postgres_settings, database_idle_seconds=1)
    sign_up(browser, "user@example.com")
    assert postgres.sql(COUNT_ALL) == "1"
    time.sleep(1.4)
    assert postgres.sql(COUNT_ALL) == "0"


def test_health_needs_no_connection(browser: TestApp, postgres: Postgres) -> None:
    database.obj.pool.close_idle()
    time.sleep(0.05)
    browser.get("/healthz")
    browser.get("/signin/")
    assert postgres.sql(COUNT_ALL) == "0"


def test_a_forged_session_costs_no_connection(browser: TestApp, postgres: Postgres) -> None:
    database.obj.pool.close_idle()
    time.sleep(0.05)
    browser.reset()
    browser.set_cookie("session", "someone.99999999999.forged")
    assert browser.get("/").status_int == 303
    assert postgres.sql(COUNT_ALL) == "0"


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A Secrets Manager that knows one secret; change the dictionary to rotate it."""
    secret = {"username": "notejam", "password": PASSWORD}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"SecretString": json.dumps(secret)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    yield secret
    server.shutdown()
    server.server_close()


def test_a_rotated_password_is_fetched_again_and_the_request_answered(
    start: Callable[..., TestApp],
    postgres_settings: dict[str, Any],
    postgres: Postgres,
    secrets_manager: dict[str, str],
) -> None:
    browser = start(**postgres_settings, database_secret_arn="arn:of:secret")
    sign_up(browser, "user@example.com")
    secrets_manager["password"] = "second-password"
    postgres.sql("ALTER ROLE notejam PASSWORD 'second-password'")
    try:
        kill_connections(postgres)
        assert submit(browser, "/pads/create/", name="Ideas").status_int == 303
    finally:
        postgres.sql(f"ALTER ROLE notejam PASSWORD '{PASSWORD}'")


def test_without_a_user_the_secret_is_read_at_start(
    postgres_settings: dict[str, Any], secrets_manager: dict[str, str]
) -> None:
    connection = connect(postgres_settings, database_user="", database_password="", database_secret_arn="arn:of:secret")
    connection.ping()
    connection.close()
    connection.pool.close_idle()


def test_a_wrong_password_fails_at_once(postgres_settings: dict[str, Any]) -> None:
    connection = connect(postgres_settings, database_password="wrong")
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        connection.ping()
    assert time.monotonic() - started < 2


def test_waiting_threads_leave_one_to_answer() -> None:
    release = threading.Event()

    def connect() -> object:
        release.wait(10)
        return object()

    pool = Pool(connect, lambda connection: False, size=3, idle_seconds=60)
    waiting = [threading.Thread(target=pool.borrow) for _ in range(2)]
    for thread in waiting:
        thread.start()
    time.sleep(0.1)
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        pool.borrow()
    assert time.monotonic() - started < 1.5
    release.set()
    for thread in waiting:
        thread.join()


def test_a_note_is_saved_in_no_pad_when_its_pad_is_deleted_in_another_window(
    browser: TestApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    pad = add_pad(browser, "Ideas")
    form = main_form(browser.get(f"/notes/create/?pad={pad}"))
    form["name"], form["text"] = "Wishlist", "Books"
    from app.notes import notes

    def add_after_deletion(*arguments: Any) -> int:
        trash_pad(pad, 1)
        return original(*arguments)

    original = notes.Note.add
    monkeypatch.setattr(notes.Note, "add", add_after_deletion)
    assert "The note is saved, in no pad" in form.submit().follow().text


def test_the_longest_strangest_note_can_be_indexed(browser: TestApp) -> None:
    text = " ".join(chr(0x20000 + number) for number in range(40_000))
    note = add_note(browser, "Strange", text)
    assert browser.get(f"/notes/{note}/").status_int == 200


@pytest.fixture
def tls(postgres: Postgres, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Settings that reach the server through TLS, as a name that an authority of its own vouches for."""
    authority = Authority()
    authority.write(tmp_path / "authorities.pem")
    with tls_front(postgres, authority, ["localhost"]) as address:
        os.environ["PGHOSTADDR"] = address  # stands for DNS: the name stays what is verified
        yield {
            "database_port": PORT,
            "database_sslmode": "verify-full",
            "pgsslrootcert": str(tmp_path / "authorities.pem"),
        }
        del os.environ["PGHOSTADDR"]


def test_the_server_is_verified_in_full(postgres_settings: dict[str, Any], tls: dict[str, Any]) -> None:
    settings = {**postgres_settings, **tls, "database_host": "localhost"}
    connection = connect(settings)
    connection.ping()
    assert connection._state.conn.pgconn.ssl_in_use
    connection.close()
    connection.pool.close_idle()
    for wrong in (
        {"database_host": "elsewhere"},
        {"pgsslrootcert": str(RDS_CERTIFICATES)},
        {"database_sslmode": "disable"},
    ):
        with pytest.raises(DatabaseUnavailable):
            connect({**settings, **wrong}, database_wait_seconds=1).ping()


def test_the_certificates_in_the_image_are_valid_authorities() -> None:
    context = ssl.create_default_context(cafile=str(RDS_CERTIFICATES))
    authorities = context.get_ca_certs()
    names = {value for item in authorities for ((key, value),) in item["subject"] if key == "commonName"}
    assert any("eu-central-1 Root CA RSA2048 G1" in name for name in names)
    assert all(ssl.cert_time_to_seconds(str(item["notAfter"])) > time.time() for item in authorities)
