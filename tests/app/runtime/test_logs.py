"""Log lines: their shape, which dashboards rely on, and what must never be in them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from app.runtime.logs import JsonFormatter
from app.web.middleware import request_id
from notejam_cfn.local.database.postgres import Postgres
from tests.harness.application import QUICK, Client, RunningServer, environment, warm_command

SAMPLES = Path(__file__).parents[1] / "sample-log-lines.jsonl"
SECRETS = ("user@example.com", "correct horse", "wrong horse", "Wishlist", "Bicycle", "battery", "csrf", "session=")


@pytest.fixture(scope="module")
def lines(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a visit leaves in the log of the real server: successes, mistakes, a throttled guest, and a failure."""
    postgres.empty("notejam", "notejam")
    environ = environment(postgres, LOG_LEVEL="DEBUG")
    migrated = warm_command(environ, "migrate")
    server = RunningServer(environ, tmp_path_factory.mktemp("log") / "log", program=QUICK)
    try:
        _visit(Client(server), postgres)
    finally:
        server.stop()
    return [json.loads(line) for line in (migrated.stdout + server.log.read_text()).splitlines()]


def _visit(client: Client, postgres: Postgres) -> None:
    client.sign_up("user@example.com")
    client.post("/notes/create/", name="Wishlist", text="Bicycle")
    client.get("/notes/1/")
    client.get("/?search=Bicycle")
    client.get("/nothing/user@example.com/")
    client.post("/signup/", email="user@example.com", password="correct horse", repeat_password="correct horse")
    client.post("/forgot-password/", email="user@example.com")
    for _ in range(11):
        client.post("/signin/", email="user@example.com", password="wrong horse")
    postgres.sql("ALTER TABLE notes RENAME TO hidden", "notejam")
    client.post("/notes/create/", name="Wishlist", text="Bicycle")
    postgres.sql("ALTER TABLE hidden RENAME TO notes", "notejam")
    client.server.ask("GET", "/", headers={"X-Amzn-Trace-Id": "Self=1-2-3;Root=1-67891233-abcdef012345678912345678"})


def requests(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["message"] == "request"]


def test_nothing_private_is_in_any_line(lines: list[dict[str, Any]]) -> None:
    text = "\n".join(json.dumps(line) for line in lines)
    assert [secret for secret in SECRETS if secret in text] == []


def test_every_line_says_when_how_bad_and_what(lines: list[dict[str, Any]]) -> None:
    assert all(line["time"].endswith("Z") and line["level"] and line["message"] for line in lines)


def test_a_requests_line_is_its_metrics(lines: list[dict[str, Any]]) -> None:
    for line in requests(lines):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Notejam"
        assert directive["Dimensions"] == [["Stage"]]
        names = [metric["Name"] for metric in directive["Metrics"]] + ["Stage"]
        assert not [name for name in names if name not in line]
        assert line["_aws"]["Timestamp"] > 1_700_000_000_000


def test_a_failure_is_named_by_type_and_place(lines: list[dict[str, Any]]) -> None:
    (failed,) = (line for line in requests(lines) if line["status"] == 500)
    assert failed["level"] == "ERROR"
    assert failed["Errors"] == 1
    assert failed["error"] == "peewee.ProgrammingError from psycopg.errors.UndefinedTable (42P01)"
    assert "notes.py:" in failed["stack"]


def test_a_throttled_attempt_says_so(lines: list[dict[str, Any]]) -> None:
    assert any(line["throttled"] and line["status"] == 429 and line["route"] == "/signin/" for line in requests(lines))


def test_routes_are_rules_not_paths(lines: list[dict[str, Any]]) -> None:
    assert {"/notes/<note_id>/", "/", "none"} <= {line["route"] for line in requests(lines)}


def test_the_load_balancers_request_id_is_kept(lines: list[dict[str, Any]]) -> None:
    assert "1-67891233-abcdef012345678912345678" in [line["request_id"] for line in requests(lines)]


def test_the_user_is_known_by_id(lines: list[dict[str, Any]]) -> None:
    assert {line["user_id"] for line in requests(lines)} == {None, 1}


def test_the_committed_samples_have_the_shape_of_real_lines(lines: list[dict[str, Any]]) -> None:
    samples = [json.loads(line) for line in SAMPLES.read_text().splitlines()]
    real = {_shape(line) for line in lines}
    assert [sample for sample in samples if _shape(sample) not in real] == []
    assert {sample["message"] for sample in samples} >= {"request", "database is up to date"}


def _shape(line: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, type(value).__name__) for name, value in line.items())


@pytest.mark.parametrize("header", ["", "Root=<script>", 'Root="\n', "Self=1"])
def test_a_request_without_a_proper_id_gets_one(header: str) -> None:
    found = request_id({"HTTP_X_AMZN_TRACE_ID": header})
    assert len(found) == 24
    assert set(found) <= set("0123456789abcdef")


def test_an_exceptions_message_is_never_written() -> None:
    error = ValueError("user@example.com")
    line = JsonFormatter().format(logging.LogRecord("x", 40, "f", 1, "failed", None, (ValueError, error, None)))
    assert "user@example.com" not in line
    assert json.loads(line)["error"] == "builtins.ValueError"
