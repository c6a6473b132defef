"""Renders the console's page of parameters of a stage for the docs, and photographs it with Chromium."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from notejam_cfn.core import render
from notejam_cfn.reports.form import form

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "console-form.html"
PICTURE = ROOT / "docs" / "images" / "console-form.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SIZE = "880,1390"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and, where there is a browser, its picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", metavar="STAGE", nargs="?", default="dev", help="a stage of output/ (default: dev)")
    stage = parser.parse_args(arguments).stage
    PAGE.write_text(page_of(stage), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
    if photograph(PAGE, PICTURE):
        print(f"wrote {PICTURE.relative_to(ROOT)}")
    return 0


def page_of(stage: str) -> str:
    """Return the page of a stage's console template in output/."""
    manifest = json.loads((ROOT / "output" / "manifest.json").read_text(encoding="utf-8"))
    stack = next(each for each in manifest["stacks"] if each["stage"] == stage and each["form"] == "console")
    template = (ROOT / "output" / stack["template"]).read_text(encoding="utf-8")
    return form(render.load(template), stack["name"])


def photograph(page: Path, picture: Path) -> bool:
    """Take a picture of a page, and tell whether there was a browser to do so."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return False
    with tempfile.TemporaryDirectory() as profile:
        options = [f"--user-data-dir={profile}", f"--window-size={SIZE}", f"--screenshot={picture}"]
        command = [browser, *QUIET, *options, page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return True


if __name__ == "__main__":
    sys.exit(main())
