"""Lighthouse and axe, in Chromium, on the pages of a running application: tools/browser_audits does the asking."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from .application import Client, RunningServer

AUDITS = Path(__file__).parents[2] / "tools" / "browser_audits"
CHROMIUM, NODE = shutil.which("chromium"), shutil.which("node")
TEXT = "# Head\n\n> quote\n\n- [x] done\n- [ ] to do\n\n```\nCODE\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
TEXT = TEXT.replace("CODE", "wide code " * 30)
EDIT = "/notes/1/edit/"


def missing() -> str:
    """Return why the audits cannot run here, or nothing."""
    if not (CHROMIUM and NODE):
        return "chromium and node are not installed"
    return "" if (AUDITS / "node_modules").is_dir() else "lighthouse is not installed: npm ci in tools/browser_audits"


def fill(server: RunningServer) -> Client:
    """Make an account with what the pages show, and something in its trash."""
    client = Client(server)
    client.sign_up("auditor@example.com")
    client.post("/pads/create/", name="Ideas")
    for name in ("A note with all there is", "A" * 60, "A third"):
        client.post("/notes/create/", name=name, text=TEXT, pad="1")
    client.post("/notes/3/delete/")
    return client


def audit(port: int, client: Client | None = None, **asked: Any) -> dict[str, Any]:
    """Run the audits of what audit.mjs is asked for, with the cookies of `client`, and return its answer."""
    sent = {"domain": "127.0.0.1", "path": "/"}
    kept = client.cookies.items() if client else ()
    cookies = [{"name": name, "value": value, **sent} for name, value in kept if name != "flash"]
    where = {"root": f"http://127.0.0.1:{port}", "cookies": cookies, "chromium": CHROMIUM}
    nothing: dict[str, Any] = {"pages": [], "audited": [], "categories": [], "audits": None}
    node = [str(NODE), "audit.mjs"]
    given = json.dumps(nothing | where | asked)
    done = subprocess.run(node, cwd=AUDITS, input=given, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
