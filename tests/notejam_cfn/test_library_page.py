"""The page about the library: its examples run from the wheel, are short and small, and satisfy every linter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import notejam_cfn as nj
from notejam_cfn.build.lint import lint
from notejam_cfn.build.lint.findings import Subject
from notejam_cfn.core import render
from notejam_cfn.core.composition.partition import size_of
from tests.harness.wheel import run

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "library.md"
MOST_LINES, MOST_BYTES = 30, 40_000
# What the test of the page on components, and people who read Notejam's own composition, use.
FOR_NOTEJAM = {"stacks_of", "stacks_of_stage", "add_cross_region_backup", "to_json", "described"}
# Programs that each import the library take longer to import it than to compose.
ONE_AFTER_THE_OTHER = """
import runpy, sys
for number, name in enumerate(sys.argv[1:]):
    print(end="\\0" * (number > 0))
    runpy.run_path(f"{name}.py", run_name="__main__")
"""


@pytest.fixture(scope="module")
def examples() -> dict[str, str]:
    """The programs of the page, by the name that their first line gives them."""
    found = re.findall(r"```python\n# (\w+)\.py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return dict(found)


@pytest.fixture(scope="module")
def templates(
    examples: dict[str, str], installed: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The templates that the examples print or write, by example and stack, from where only the wheel is installed."""
    folder, found = tmp_path_factory.mktemp("page"), {}
    for name, code in examples.items():
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    all_printed = run(installed, folder, "python", "-c", ONE_AFTER_THE_OTHER, *examples).split("\0")
    for name, printed in zip(examples, all_printed, strict=True):
        written = sorted((folder / name).rglob("*.yaml"))
        texts = {path.stem: path.read_text(encoding="utf-8") for path in written} or {"stack": printed}
        found |= {f"{name}/{stack}": render.load(text) for stack, text in texts.items()}
    return found


def container(template: dict[str, Any], definition: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][definition]["Properties"]["ContainerDefinitions"][0]
    return found


def test_an_example_is_short(examples: dict[str, str]) -> None:
    assert all(len([line for line in code.splitlines() if line.strip()]) <= MOST_LINES for code in examples.values())


def test_every_template_is_far_from_the_limit(templates: dict[str, dict[str, Any]]) -> None:
    assert {name: size for name, body in templates.items() if (size := size_of(body)) > MOST_BYTES} == {}


def test_no_linter_objects(templates: dict[str, dict[str, Any]]) -> None:
    alike = ("market/search", "market/front", "books/base")  # as market/stalls and polls/base
    subjects = [Subject(name, render.to_yaml(body)) for name, body in templates.items() if name not in alike]
    verdicts = lint(subjects)
    assert [str(finding) for verdict in verdicts for finding in verdict.findings] == []


def test_the_shop_has_its_environment_its_secret_and_its_topic(templates: dict[str, dict[str, Any]]) -> None:
    shop = templates["shop/stack"]
    assert {"ShopService", "PaymentKey", "Orders"} <= set(shop["Resources"])
    assert {"Name": "CURRENCY", "Value": "EUR"} in container(shop, "ShopTaskDefinition")["Environment"]
    assert container(shop, "ShopTaskDefinition")["Secrets"] == [
        {"Name": "PAYMENT_KEY", "ValueFrom": {"Ref": "PaymentKey"}}
    ]


def test_a_service_reads_its_database_from_the_stack_that_has_it(templates: dict[str, dict[str, Any]]) -> None:
    polls = container(templates["polls/web"], "PollsTaskDefinition")
    assert {secret["Name"] for secret in polls["Secrets"]} == {"PGUSER", "PGPASSWORD"}
    read = json.dumps(polls["Secrets"])
    assert read.count('"Fn::GetStackOutput"') == 2 and '"polls-live-base"' in read
    assert {"Name": "PGPORT", "Value": "5432"} in polls["Environment"]


def test_three_services_stand_behind_the_listener_of_the_base(templates: dict[str, dict[str, Any]]) -> None:
    listener = {"Fn::GetStackOutput": {"StackName": "market-live-base", "OutputName": "ListenerArn"}}
    priorities = set()
    for name in ("Stalls", "Search", "Front"):
        rule = templates[f"market/{name.lower()}"]["Resources"][f"{name}ListenerRule"]["Properties"]
        assert rule["ListenerArn"] == listener
        priorities.add(rule["Priority"])
    assert len(priorities) == 3


def test_every_public_function_has_its_example() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in [*DOCS.glob("*.md"), *DOCS.glob("examples/*.py")])
    functions = {name for name in nj.__all__ if name[0].islower()} - FOR_NOTEJAM
    assert {name for name in functions if not re.search(rf"\b(?:nj\.|import .*|@){name}\b|`{name}`", text)} == set()
