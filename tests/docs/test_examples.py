"""The systems of docs/examples: short, of the public names only, without a linter's objection, and deployed."""

from __future__ import annotations

import ast
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

import notejam_cfn
from notejam_cfn.build.lint import lint
from notejam_cfn.build.lint.findings import Subject
from notejam_cfn.core import render
from notejam_cfn.local import emulator

EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.py"))
MOST_LINES = 30
by_name = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
Stacks = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Stacks]:
    """The templates that each example writes, by the names of their stacks, in the order of their deployment."""
    found = {}
    for example in EXAMPLES:
        folder = tmp_path_factory.mktemp(example.stem)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            runpy.run_path(str(example))
        stacks = json.loads((folder / "output" / "manifest.json").read_text(encoding="utf-8"))["stacks"]
        found[example] = {
            one["name"]: render.load((folder / "output" / one["template"]).read_text(encoding="utf-8"))
            for one in stacks
        }
    return found


@by_name
def test_an_example_is_short_and_uses_public_names_only(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if line.strip()]) <= MOST_LINES
    tree = ast.walk(ast.parse(text))
    used = {node.attr for node in tree if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "nj"}
    assert used <= set(notejam_cfn.__all__)
    assert "\nimport notejam_cfn as nj\n" in text and "from notejam_cfn" not in text


def test_nothing_speaks_of_notejam(composed: dict[Path, Stacks]) -> None:
    words = re.compile(r"notejam|\bnotes?\b|\bpads?\b", re.I)
    texts = [json.dumps(body) for stacks in composed.values() for body in stacks.values()]
    assert [found.group() for text in texts for found in words.finditer(text)] == []


def test_no_linter_objects(composed: dict[Path, Stacks]) -> None:
    texts = {f"{example.stem}/{name}": body for example, stacks in composed.items() for name, body in stacks.items()}
    verdicts = lint([Subject(name, render.to_yaml(body)) for name, body in texts.items()])
    assert [str(finding) for verdict in verdicts for finding in verdict.findings] == []


@by_name
def test_an_example_is_deployed_with_and_without_images(
    example: Path, composed: dict[Path, Stacks], aws: emulator.Emulator
) -> None:
    for name, body in composed[example].items():
        images = [parameter for parameter in body.get("Parameters", {}) if parameter.endswith("ImageUri")]
        if not images:
            aws.deploy(name, body)
            continue
        aws.deploy(name, body, dict.fromkeys(images, ""))
        aws.deploy(name, body, dict.fromkeys(images, f"registry.example/app@sha256:{'1' * 64}"))
        cloudformation = aws.client("cloudformation")
        made = {
            one["ResourceType"] for one in cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        }
        assert "AWS::ECS::TaskDefinition" in made
