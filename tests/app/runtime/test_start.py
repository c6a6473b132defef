"""What stops a start is one line that says where, what and what to do, with status 2."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.harness.application import command, environment, warm_command


def stopped(environ: dict[str, str], *arguments: str) -> str:
    """Run a command that must not start, and return its one line."""
    done = warm_command(environ, *arguments)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("notejam: ")
    return line


@pytest.mark.parametrize("arguments", [(), ("serve",)])
def test_a_port_in_use_is_told(arguments: tuple[str, ...], tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        environ = environment(PORT=port, DATABASE_PATH=str(tmp_path / "notejam.db"))
        assert port in stopped(environ, *arguments)


@pytest.mark.parametrize("arguments", [(), ("migrate",), ("serve",)])
def test_a_missing_folder_is_told(arguments: tuple[str, ...], tmp_path: Path) -> None:
    environ = environment(DATABASE_PATH=str(tmp_path / "missing" / "notejam.db"))
    assert "DATABASE_PATH must be in a folder that exists" in stopped(environ, *arguments)


def test_a_missing_folder_is_told_before_a_secret_is_made_there(tmp_path: Path) -> None:
    environ = environment(DATABASE_PATH=str(tmp_path / "missing" / "notejam.db"), SESSION_SECRET="")
    assert "missing" in stopped(environ)


@pytest.mark.parametrize("arguments", [(), ("migrate",), ("serve",)])
def test_a_file_of_another_kind_is_told_and_left_alone(arguments: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(b"not a database" * 10)
    assert "must name a file of SQLite" in stopped(environment(DATABASE_PATH=str(file)), *arguments)
    assert file.read_bytes() == b"not a database" * 10


def test_a_folder_is_not_a_database(tmp_path: Path) -> None:
    assert "must name a file of SQLite" in stopped(environment(DATABASE_PATH=str(tmp_path)), "serve")


WRONG = {
    "PUBLIC_URL": "http://[",
    "TRUSTED_PROXIES": "one",
    "WORKERS": "0",
    "METRICS_NAMESPACE": "a b",
    "HOST": "no such host",
    "DATABASE_WAIT_SECONDS": "-1",
    "LOG_FORMAT": "xml",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_told_by_the_name_of_its_variable(name: str, tmp_path: Path) -> None:
    environ = environment(DATABASE_PATH=str(tmp_path / "notejam.db"), **{name: WRONG[name]})
    assert name in stopped(environ, "serve")


def test_an_unreachable_database_ends_the_migration_with_one_line() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = str(nobody.getsockname()[1])
        environ = environment(DATABASE_HOST="127.0.0.1", DATABASE_PORT=port, DATABASE_USER="notejam")
        done = warm_command(environ | {"DATABASE_WAIT_SECONDS": "1"}, "migrate")
    assert done.returncode == 1
    assert done.stderr == "notejam: the database is not available: connection refused\n"


def test_the_development_database_is_private(tmp_path: Path) -> None:
    environ = environment(DATABASE_PATH=str(tmp_path / "notejam.db"))
    os.umask(0o022)
    assert command(environ, "migrate").returncode == 0
    modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir() if ".lock" not in path.name}
    assert modes.pop("notejam.db") == 0
    assert set(modes.values()) <= {0}
