"""What the tests of the documentation share: its pages, and the commands they may name."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import pytest

from notejam_cfn.cli import main
from tests.docs.blocks import PAGES, ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a page once for each."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=[page.name for page in PAGES])


@pytest.fixture(scope="session")
def commands() -> dict[str, argparse.ArgumentParser]:
    """The commands of `python -m notejam_cfn` by name, each with its parser."""
    return {name: main.parser_of(name) for name in main.COMMANDS}


@pytest.fixture(scope="session")
def help_of() -> Callable[[str], str]:
    """Return what a script prints for --help: `help_of("python -m notejam_cfn deploy")`."""

    @cache
    def text(script: str) -> str:
        done = subprocess.run([sys.executable, script, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout

    return text
