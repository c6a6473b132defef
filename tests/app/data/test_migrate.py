"""Migrations run once, however many tasks start, and make the tables the models expect."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.data import models, notes
from app.data.database import new_database
from app.data.migrate import MIGRATIONS, migrate
from app.data.models import database
from app.settings import Settings
from notejam_cfn.local.database.postgres import Postgres
from tests.harness.application import command, environment, warm_command

from ..helpers import SECRET

TABLES = (models.User, notes.Pad, notes.Note, models.Session, models.PasswordReset, models.Attempts)

NAMES = sorted(path.stem for path in MIGRATIONS.glob("0*.py"))
# What a later release may bring, as docs/application.md has it: a column that old code does not see, and its index.
COLOUR = """
def up(migrator, db):
    db.execute_sql("ALTER TABLE notes ADD COLUMN colour varchar(20) NOT NULL DEFAULT ''")
"""
INDEX = """
import peewee

atomic = False

def up(migrator, db):
    concurrently = "CONCURRENTLY" if isinstance(db, peewee.PostgresqlDatabase) else ""
    db.execute_sql(f"DROP INDEX {concurrently} IF EXISTS notes_colour")
    db.execute_sql(f"CREATE INDEX {concurrently} notes_colour ON notes (colour)")
"""
LATER = {"9001_colour": COLOUR, "9002_index": INDEX}
# `python -m app migrate`, with the migrations of another folder.
OF_A_LATER_RELEASE = """
import pathlib, sys
from app.__main__ import main
from app.data import migrate
migrate.MIGRATIONS = pathlib.Path(sys.argv[1])
sys.exit(main(["migrate"]))
"""


@pytest.fixture
def settings(settings: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings for a database that nothing was done to yet."""
    if "database_path" in settings:
        Path(settings["database_path"]).unlink()
    else:
        request.getfixturevalue("postgres").empty("notejam", "notejam")
    return settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations of a later release."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in LATER.items():
        (tmp_path / "migrations" / f"{name}.py").write_text(content)
    return tmp_path / "migrations"


def at_once(environ: dict[str, str], folder: Path, count: int = 3) -> list[str]:
    program = folder.with_name("later.py")
    program.write_text(OF_A_LATER_RELEASE)
    with ThreadPoolExecutor(count) as each:
        started = [each.submit(warm_command, environ, str(folder), program=(str(program),)) for _ in range(count)]
        ended = [process.result() for process in started]
    assert [done.returncode for done in ended] == [0] * count, ended
    return [done.stdout for done in ended]


def applied(output: str) -> list[str]:
    return next(line["applied"] for line in map(json.loads, output.splitlines()) if "applied" in line)


def test_tasks_migrating_at_once_apply_each_migration_once(
    postgres: Postgres, postgres_settings: dict[str, Any], folder: Path
) -> None:
    postgres.empty("notejam", "notejam")
    outputs = at_once(environment(postgres), folder)
    assert sorted(map(applied, outputs)) == [[], [], [*NAMES, *LATER]]
    assert postgres.sql("SELECT name FROM schema_migration", "notejam").split() == [*NAMES, *LATER]
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'notes_colour'::regclass"
    assert postgres.sql(valid, "notejam") == "t"


def test_laptop_processes_migrating_at_once_do_too(tmp_path: Path, folder: Path) -> None:
    environ = environment(DATABASE_PATH=str(tmp_path / "notejam.db"))
    assert sorted(map(applied, at_once(environ, folder))) == [[], [], [*NAMES, *LATER]]


def test_a_later_release_adds_to_the_tables_that_are_there(
    settings: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(Settings(**settings))
    user = models.User.create(email="a@example.com", password_hash="")
    notes.Note.add_all(user.id, [(None, "Before", "text", None, None)])
    database.close()
    monkeypatch.setattr(f"{migrate.__module__}.MIGRATIONS", folder)
    assert migrate(Settings(**settings)) == list(LATER)
    assert database.rows("SELECT name, colour FROM notes") == [("Before", "")]
    database.close()
    database.obj.pool.close_idle()


def test_migrating_twice_changes_nothing(settings: dict[str, Any]) -> None:
    assert migrate(Settings(**settings)) == NAMES
    assert migrate(Settings(**settings)) == []


def test_the_tables_have_the_models_columns(settings: dict[str, Any]) -> None:
    migrate(Settings(**settings))
    connection = new_database(Settings(**settings))
    for model in TABLES:
        columns = {column.name: column.null for column in connection.get_columns(model._meta.table_name)}
        assert columns == {field.column_name: field.null for field in model._meta.sorted_fields}
    connection.close()
    connection.pool.close_idle()


def test_migrating_sweeps_what_expired(settings: dict[str, Any]) -> None:
    migrate(Settings(**settings))
    models.Attempts.count_one(["old"], models.now())
    database.close()
    migrate(Settings(**settings))
    assert database.rows("SELECT count(*) FROM attempts") == [(0,)]
    database.close()
    database.obj.pool.close_idle()


def test_a_wrong_setting_stops_the_start_with_a_clear_message(tmp_path: Path) -> None:
    environ = {"SESSION_SECRET": SECRET, "PORT": "many", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = command(environ, "migrate")
    assert done.returncode == 2
    assert done.stderr == "notejam: PORT must be a whole number, got 'many'\n"


@pytest.mark.parametrize("arguments", [("rubbish",), ("serve", "more")])
def test_an_unknown_command_explains_the_known_ones(arguments: tuple[str, ...]) -> None:
    done = command({"PYTHONPATH": str(Path(__file__).parents[3])}, *arguments)
    assert done.returncode == 2
    assert "serve | migrate | healthcheck" in done.stderr
