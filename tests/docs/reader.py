"""A reader who follows a page: types its commands at a terminal and runs its programs, in a copy of the project.

Nothing is written into the checkout, and nothing reaches AWS: the copy's commands talk to an emulator, or to nobody.
"""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import sqlglot
from sqlglot.optimizer.qualify import qualify

from notejam_cfn.build.lint import cache
from notejam_cfn.config import loader

from .blocks import ROOT, Block

LONGEST_SECONDS = 300
NOBODY = "http://127.0.0.1:9"  # the port that discards: a call that was not meant to be made fails at once
ATHENA = "athena"


def copy_of_project(folder: Path, without: Collection[str] = ()) -> Path:
    """Copy what belongs to the project, without what its .gitignore names, and return the folder.

    Compiled modules come along: a copy keeps times, so that they hold there, and compiling takes seconds.
    Nothing of the names in `without` is copied.
    """
    ignored = set((ROOT / ".gitignore").read_text(encoding="utf-8").split()) - {"__pycache__/"}
    left_out = shutil.ignore_patterns(".git", *without, *(pattern.rstrip("/") for pattern in ignored))
    shutil.copytree(ROOT, folder, ignore=left_out, dirs_exist_ok=True)
    return folder


class Reader:
    """Follows one page in a copy of the project. Every method raises AssertionError when a block does not hold.

    `python` is a program that does as Python does, such as `forked.python` gives.
    """

    def __init__(self, folder: Path, emulator: Mapping[str, str] | None, python: Path) -> None:
        self.folder = folder
        programs = folder.with_name("programs")
        programs.mkdir()
        (programs / "python").symlink_to(python)
        path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = _environment() | (emulator or {}) | {"PATH": path}
        self.tables: dict[str, dict[str, str]] = {}

    def follow(self, block: Block) -> None:
        """Do what a block shows."""
        ways: dict[str, Callable[[str], None]] = {
            "sh": self.type_in,
            "python": self.run_program,
            "toml": self.configure,
            "json": json.loads,
            "sql": self.ask,
        }
        try:
            ways[block.language](block.code)
        except Exception as problem:
            raise AssertionError(f"{block}: {problem}") from problem

    def type_in(self, commands: str) -> None:
        """Type commands at a terminal and answer every question with yes."""
        ours, theirs = pty.openpty()
        os.write(ours, b"y\n" * 9)
        try:
            self._run(["bash", "-euo", "pipefail", "-c", commands], stdin=theirs)
        finally:
            os.close(ours)
            os.close(theirs)

    def run_program(self, code: str) -> None:
        """Run a Python program, which is kept under the name that its first line gives it (`# shop.py`)."""
        first = code.partition("\n")[0]
        name = first.removeprefix("# ") if first.endswith(".py") else "program.py"
        (self.folder / name).write_text(code, encoding="utf-8")
        self._run(["python", name], stdin=subprocess.DEVNULL)

    def configure(self, text: str) -> None:
        """Put a part of notejam.toml beside the least that a configuration needs."""
        document = {"stages": {"dev": {}}} | tomllib.loads(text)
        for stage in document["stages"].values():
            stage.setdefault("region", "eu-central-1")
        loader.parse(document)

    def ask(self, text: str) -> None:
        """Parse statements of Athena's SQL; a query may use only columns of tables that the page makes."""
        for statement in sqlglot.parse(text, dialect=ATHENA):
            assert statement is not None
            if isinstance(statement, sqlglot.exp.Create):
                table = statement.this.this.name
                self.tables[table] = {column.name: str(column.kind) for column in _columns(statement)}
            else:
                qualify(statement, schema=self.tables, dialect=ATHENA, validate_qualify_columns=True)

    def _run(self, command: list[str], stdin: int) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout[-3000:]}"


def _columns(table: sqlglot.exp.Create) -> list[sqlglot.exp.ColumnDef]:
    return list(table.find_all(sqlglot.exp.ColumnDef))


def _environment() -> dict[str, str]:
    """Return a person's environment, with no way to AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST", "COV"))}
    return kept | {
        "NOTEJAM_CACHE_DIR": str(cache.directory()),
        "AWS_ENDPOINT_URL": NOBODY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
