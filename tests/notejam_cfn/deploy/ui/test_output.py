"""What people see, as goldens: read them to judge it. REWRITE_GOLDENS=1 writes them anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from notejam_cfn.local.emulator import Emulator
from tests.conftest import Run
from tests.notejam_cfn.deploy.conftest import Shop

GOLDENS = Path(__file__).parent / "goldens"
IN_A_ROW = ("--only", "base", "--only", "data", "--only", "app")  # the lines of stacks side by side would interleave
VARYING = ((r"\d+:\d\d", "0:00"), (r" in \d+ s", " in 0 s"), (r"nat-[0-9a-f]+", "nat-ID"))


def same_as_golden(name: str, text: str) -> None:
    for pattern, replacement in VARYING:
        text = re.sub(pattern, replacement, text)
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("REWRITE_GOLDENS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_a_successful_deployment(run: Run) -> None:
    same_as_golden("success", run("deploy", "--yes", *IN_A_ROW).out)


def test_an_update(run: Run, shop: Shop) -> None:
    run("deploy", "--yes", *IN_A_ROW)
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.properties("data", "Store")["DeletionProtectionEnabled"] = True
    shop.write()
    same_as_golden("update", run("deploy", "--yes", *IN_A_ROW, "--parameter", "ImageUri=registry/one").out)


def test_a_failed_deployment(run: Run, aws: Emulator) -> None:
    reason = "Table already exists: notes"
    aws.set_faults(failures=[{"logical_id": "Store", "operation": "create", "reason": reason}])
    same_as_golden("failure", run("deploy", "--yes", *IN_A_ROW).out)


def test_a_refusal(run: Run, shop: Shop) -> None:
    run("deploy", "--yes", *IN_A_ROW)
    shop.properties("data", "Store")["TableName"] = "renamed"
    shop.write()
    same_as_golden("refusal", run("deploy", "--yes", *IN_A_ROW).said)


def test_a_removal(run: Run) -> None:
    run("deploy", "--yes", *IN_A_ROW)
    same_as_golden("removal", run("destroy", "--yes", *IN_A_ROW).out)


@pytest.mark.parametrize("how", ["quiet", "fancy"])
def test_other_ways_to_show_progress_end_alike(run: Run, how: str) -> None:
    last = run("deploy", "--yes", *IN_A_ROW, "--progress", how).out.splitlines()[-3]
    assert re.match(r"Done in \d:\d\d: 3 created\.", last)
