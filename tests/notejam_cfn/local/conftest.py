"""What rehearsals share: the application's image, built once and kept by its content, and its imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.local.containers import image
from notejam_cfn.local.containers.runtime import Checkout, Running
from notejam_cfn.local.containers.sandbox import Limits
from tests.harness.application import forked_process

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def built() -> image.Image:
    lacking = image.missing()
    if lacking:
        pytest.skip(lacking)
    return image.built(ROOT)


@pytest.fixture(scope="module")
def forked_containers() -> Iterator[None]:
    """Let containers outside the image be processes that have imported the application: each would take half a second.

    Their commands and environments are those of a checkout; that one starts from nothing is tested in the image.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Running, "start", start_forked)
        yield


def start_forked(runtime: Checkout, limits: Limits, words: Sequence[str], env: Mapping[str, str], log: Path) -> Running:
    """Start a command as `Running.start` does."""
    given = runtime.process(limits, words, env)
    with log.open("ab") as output:
        process: Any = forked_process(given["args"][1:], given["env"], given["cwd"], output.fileno(), output.fileno())
    process.args = given["args"]
    return Running(process, runtime.confines, limits)
