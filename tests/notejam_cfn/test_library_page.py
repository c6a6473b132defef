"""The page about the library: its example runs, is short, and satisfies every linter."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from notejam_cfn.build.lint.findings import Subject
from notejam_cfn.build.lint.judge import lint
from notejam_cfn.core import render

PAGE = Path(__file__).parents[2] / "docs" / "library.md"
SHOP, POLLS = 0, 1


@pytest.fixture(scope="module")
def examples() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.fixture(scope="module")
def outputs(examples: list[str]) -> list[str]:
    """The template that each example prints."""
    return [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for code in examples
    ]


def test_an_example_has_fewer_than_30_lines(examples: list[str]) -> None:
    assert all(len([line for line in code.splitlines() if line.strip()]) < 30 for code in examples)


def test_both_services_and_the_extra_resource_are_in_the_template(outputs: list[str]) -> None:
    resources = render.load(outputs[SHOP])["Resources"]
    assert {"ShopService", "SearchService", "PaymentKey", "Orders"} <= set(resources)
    shop = resources["ShopTaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    assert {"Name": "CURRENCY", "Value": "EUR"} in shop["Environment"]
    assert shop["Secrets"] == [{"Name": "PAYMENT_KEY", "ValueFrom": {"Ref": "PaymentKey"}}]


def test_the_service_with_a_database_is_told_its_password_and_wears_its_clients_group(outputs: list[str]) -> None:
    resources = render.load(outputs[POLLS])["Resources"]
    (polls,) = resources["PollsTaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert {secret["Name"] for secret in polls["Secrets"]} == {"PGUSER", "PGPASSWORD"}
    assert all("MasterUserSecret.SecretArn" in str(secret["ValueFrom"]) for secret in polls["Secrets"])
    network = resources["PollsService"]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert {"Fn::GetAtt": ["DatabaseClients", "GroupId"]} in network["SecurityGroups"]


def test_no_linter_objects(outputs: list[str]) -> None:
    verdicts = lint([Subject(f"example {number}", text) for number, text in enumerate(outputs)])
    assert [str(finding) for verdict in verdicts for finding in verdict.findings] == []


def test_importing_the_library_needs_no_aws_and_no_linter() -> None:
    heavy = ("boto3", "botocore", "cfnlint", "app", "bottle")
    code = f"import sys, notejam_cfn; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
