"""The application's image, built once from its Dockerfile and kept by its content."""

from __future__ import annotations

from pathlib import Path

import pytest

from notejam_cfn.local.containers import image

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def built() -> image.Image:
    lacking = image.missing()
    if lacking:
        pytest.skip(lacking)
    return image.built(ROOT)
