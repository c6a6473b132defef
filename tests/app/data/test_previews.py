"""Databases of previews: one for each, made when it is missing and dropped with everyone in it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.data.database import new_database
from app.data.previews import database_of
from app.errors import SettingsError
from app.settings import Settings
from notejam_cfn.local.database.postgres import Postgres
from tests.harness.application import environment, warm_command

NUMBER = "11111111-2222-3333-4444-555555555555"
STACK = f"arn:aws:cloudformation:eu-central-1:123456789012:stack/notejam-dev-preview-alice/{NUMBER}"
NAME = f"preview_{NUMBER}"


@pytest.fixture
def environ(postgres: Postgres) -> Iterator[dict[str, str]]:
    given = environment(postgres)
    yield {**given, "DATABASE_NAME": NAME, "DATABASE_CREATED_FROM": "notejam"}
    postgres.sql(f'DROP DATABASE IF EXISTS "{NAME}" WITH (FORCE)', "postgres")


def databases(postgres: Postgres) -> list[str]:
    return postgres.sql("SELECT datname FROM pg_database", "postgres").split()


def test_tasks_that_start_at_once_make_one_database_and_its_tables(postgres: Postgres, environ: dict[str, str]) -> None:
    with ThreadPoolExecutor(3) as at_once:
        ended = list(at_once.map(lambda _: warm_command(environ, "migrate"), range(3)))
    assert [done.returncode for done in ended] == [0, 0, 0], ended
    assert databases(postgres).count(NAME) == 1
    assert postgres.sql("SELECT count(*) FROM schema_migration", NAME) != "0"


def test_a_preview_that_has_ended_leaves_no_database_though_somebody_is_in_it(
    postgres: Postgres, environ: dict[str, str]
) -> None:
    assert warm_command(environ, "migrate").returncode == 0
    with new_database(Settings.from_environment(environ)).connection_context():
        of_stage = {**environ, "DATABASE_NAME": "notejam"}
        ended = warm_command(of_stage, "drop-preview", STACK)
        assert ended.stdout
        assert ended.returncode == 0
    assert NAME not in databases(postgres)
    assert "notejam" in databases(postgres)


@pytest.mark.parametrize("wrong", ["notejam", STACK.replace("-preview-", "-"), STACK.replace(NUMBER, "x")])
def test_only_a_previews_stack_names_a_database_to_drop(wrong: str) -> None:
    with pytest.raises(SettingsError, match="preview's stack"):
        database_of(wrong)
