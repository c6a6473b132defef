"""What Lighthouse and axe say of the pages, in Chromium. How fast they load, benchmarks/pages.py measures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from notejam_cfn.local.database.postgres import Postgres
from tests.harness.application import RunningServer, environment
from tests.harness.browser_audits import EDIT, audit, fill, missing

from ..conftest import Emptied

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(missing()), reason=missing())]
LEAST = {"best-practices": 100, "seo": 100}
# What Lighthouse adds is the same on all pages with the same frame: that of guests, and that of people with an account.
FRAMES = [{"path": "/signin/", "guest": True}, {"path": EDIT}]
# The names of all time zones take room.
MOST_BYTES = {"/settings/time-zone/": 24_000}
PAGES = [
    *({"path": path, "guest": True} for path in ("/signin/", "/signup/", "/forgot-password/", "/nothing/")),
    *({"path": path} for path in ("/", "/?search=head", "/?search=zebra", "/?select=1", "/pads/1/", "/pads/create/")),
    *({"path": path} for path in ("/notes/create/", "/notes/1/", "/notes/1/?plain=1", EDIT, "/notes/1/delete/")),
    *({"path": path} for path in ("/pads/1/delete/", "/trash/", "/trash/empty/", "/settings/", "/settings/delete/")),
    *({"path": f"/settings/{path}/"} for path in ("time-zone", "import", "email", "sessions")),
    {"path": EDIT, "name": "preview", "steps": [["button[name=preview]"]]},
    {"path": EDIT, "name": "conflict", "steps": [["[name=version]", "0"], ["#text", "mine"], ["main .button"]]},
    {"path": EDIT, "name": "errors", "steps": [["#name", ""], ["#text", ""], ["main .button"]]},
    {"path": "/notes/2/delete/", "name": "undo", "steps": [["main button"]]},
]


@pytest.fixture(scope="module")
def found(postgres: Postgres, emptied: Emptied, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the audits found, of an account with a pad and some notes."""
    emptied.clear()
    server = RunningServer(environment(postgres), tmp_path_factory.mktemp("log") / "log")
    try:
        yield audit(server.port, fill(server), pages=PAGES, audited=FRAMES, categories=list(LEAST))
    finally:
        server.stop()


def test_axe_finds_nothing_and_every_page_fits_a_phone_with_large_text(found: dict[str, Any]) -> None:
    assert found["faults"] == []


def test_lighthouse_is_content(found: dict[str, Any]) -> None:
    scores = found["scores"]
    assert [page["shown"] for page in scores] == [page["path"] for page in FRAMES]
    assert [page for page in scores if any(page["categories"][name] < least for name, least in LEAST.items())] == []


def test_pages_are_light_and_nothing_on_them_moves(found: dict[str, Any]) -> None:
    assert len(found["weights"]) == len(PAGES)
    for page in found["weights"]:
        assert page["sent"] < MOST_BYTES.get(page["page"], 8_000), page
        assert page["elsewhere"] == [] and page["moved"] == 0, page
