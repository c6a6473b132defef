"""The page about the library: its example runs, is short, and satisfies every linter."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from notejam_cfn import render
from notejam_cfn.lint.findings import Subject
from notejam_cfn.lint.judge import lint

PAGE = Path(__file__).parents[2] / "docs" / "library.md"


@pytest.fixture(scope="module")
def example() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return str(code)


@pytest.fixture(scope="module")
def output(example: str) -> str:
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_example_has_fewer_than_30_lines(example: str) -> None:
    assert len([line for line in example.splitlines() if line.strip()]) < 30


def test_both_services_and_the_extra_resource_are_in_the_template(output: str) -> None:
    resources = render.load(output)["Resources"]
    assert {"ShopService", "SearchService", "PaymentKey", "Orders"} <= set(resources)
    shop = resources["ShopTaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    assert {"Name": "CURRENCY", "Value": "EUR"} in shop["Environment"]
    assert shop["Secrets"] == [{"Name": "PAYMENT_KEY", "ValueFrom": {"Ref": "PaymentKey"}}]


def test_no_linter_objects(output: str) -> None:
    (verdict,) = lint([Subject("shop", output)])
    assert [str(finding) for finding in verdict.findings] == []


def test_importing_the_library_needs_no_aws_and_no_linter() -> None:
    heavy = ("boto3", "botocore", "cfnlint", "app", "bottle")
    code = f"import sys, notejam_cfn; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
