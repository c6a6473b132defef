"""What Lighthouse and axe say of the pages, in Chromium: tools/browser_audits does the asking."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.local.database.postgres import Postgres
from tests.harness.application import Client, RunningServer, environment

from ..conftest import Emptied

AUDITS = Path(__file__).parents[3] / "tools" / "browser_audits"
CHROMIUM, NODE = shutil.which("chromium"), shutil.which("node")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not (CHROMIUM and NODE), reason="chromium and node are not installed"),
    pytest.mark.skipif(
        not (AUDITS / "node_modules").is_dir(), reason="lighthouse is not installed: npm ci in tools/browser_audits"
    ),
]
TEXT = "# Head\n\n> quote\n\n- [x] done\n- [ ] to do\n\n```\nCODE\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
TEXT = TEXT.replace("CODE", "wide code " * 30)
LEAST = {"performance": 100, "accessibility": 100, "best-practices": 100, "seo": 95}
# Performance is a measurement: where more is to be done than there are cores, it reads 95 to 100 of what is 100.
LEAST_ON_A_BUSY_MACHINE = LEAST | {"performance": 95}
EDIT = "/notes/1/edit/"
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
# Axe sees every page. What Lighthouse adds is how a page loads, which the frame that all pages share decides: who comes
# first, what is asked for most, and the page with most on it; phones are slower than desktops.
AUDITED = [{"path": "/signin/", "guest": True}, {"path": "/", "desktop": True}, {"path": EDIT}]


@pytest.fixture(scope="module")
def found(postgres: Postgres, emptied: Emptied, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the audits found, of an account with a pad and some notes."""
    emptied.clear()
    environ = environment(postgres)
    server = RunningServer(environ, tmp_path_factory.mktemp("log") / "log")
    try:
        yield audit(server, fill(server))
    finally:
        server.stop()


def fill(server: RunningServer) -> Client:
    """Make an account with what the pages show, and something in its trash."""
    client = Client(server)
    client.sign_up("auditor@example.com")
    client.post("/pads/create/", name="Ideas")
    for name in ("A note with all there is", "Another", "A third"):
        client.post("/notes/create/", name=name, text=TEXT, pad="1")
    client.post("/notes/3/delete/")
    return client


def audit(server: RunningServer, client: Client) -> dict[str, Any]:
    """Run the audits and return their answer."""
    sent = {"domain": "127.0.0.1", "path": "/"}
    cookies = [{"name": name, "value": value, **sent} for name, value in client.cookies.items() if name != "flash"]
    least = LEAST if os.getloadavg()[0] <= (os.cpu_count() or 1) else LEAST_ON_A_BUSY_MACHINE
    where = {"root": f"http://127.0.0.1:{server.port}", "cookies": cookies, "chromium": CHROMIUM}
    asked = json.dumps(where | {"pages": PAGES, "audited": AUDITED, "performance": least["performance"]})
    node = [str(NODE), "audit.mjs"]
    done = subprocess.run(node, cwd=AUDITS, input=asked, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "least": least}


def test_axe_finds_nothing_and_every_page_fits_a_phone_with_large_text(found: dict[str, Any]) -> None:
    assert found["faults"] == []


def test_lighthouse_is_content(found: dict[str, Any]) -> None:
    least = found["least"].items()
    poor = [page for page in found["scores"] if any(page["scores"][name] < score for name, score in least)]
    assert len(found["scores"]) == len(AUDITED)
    assert poor == []
    assert [page["shown"] for page in found["scores"]] == [page["page"].partition(",")[0] for page in found["scores"]]
