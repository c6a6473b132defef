"""Makes the programs of the pipeline's builds importable: they are scripts in delivery/, not a package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "delivery"


def program(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"delivery_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def handover() -> Any:
    return program("handover")


@pytest.fixture(scope="session")
def mark() -> Any:
    return program("mark")


@pytest.fixture(scope="session")
def outdated() -> Any:
    return program("outdated")


@pytest.fixture(scope="session")
def scan() -> Any:
    return program("scan")
