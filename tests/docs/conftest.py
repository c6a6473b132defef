"""What the tests of the documentation share: its pages, and the commands they may name."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from notejam_cfn.cli import main
from tests.docs.blocks import PAGES, ROOT
from tests.harness import forked


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a page once for each."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=[page.name for page in PAGES])


@pytest.fixture(scope="session")
def commands() -> dict[str, argparse.ArgumentParser]:
    """The commands of `python -m notejam_cfn` by name, each with its parser."""
    return {name: main.parser_of(name) for name in main.COMMANDS}


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Python with the library and the commands imported: pages show what they do, and no page how a process starts."""
    with forked.python(tmp_path_factory.mktemp("python"), (*forked.IMPORTED, "notejam_cfn.api")) as program:
        yield program


@pytest.fixture(scope="session")
def help_of(python: Path) -> Callable[[str], str]:
    """Return what a script prints for --help: `help_of("tools/changing.py")`."""

    @cache
    def text(script: str) -> str:
        done = subprocess.run([python, script, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout

    return text
