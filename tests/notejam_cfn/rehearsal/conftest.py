"""One emulator for the tests of a directory, empty at the start of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from notejam_cfn.rehearsal import emulator


@pytest.fixture(scope="session")
def running_emulator() -> Iterator[emulator.Emulator]:
    with emulator.running() as started:
        yield started


@pytest.fixture
def aws(running_emulator: emulator.Emulator) -> emulator.Emulator:
    running_emulator.reset()
    return running_emulator
