"""The state machines of every template, judged by the Amazon States Language validator of asl-validator."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.core import render

ROOT = Path(__file__).parents[4]
VALIDATOR = ROOT / "tools" / "state_machines" / "node_modules" / ".bin" / "asl-validator"
# What stands where a definition has a name or an ARN that only a deployment knows.
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:substituted"


def definitions() -> dict[str, Any]:
    found = {}
    for path in sorted((ROOT / "output").rglob("*.yaml")):
        for name, resource in render.load(path.read_text(encoding="utf-8")).get("Resources", {}).items():
            if resource["Type"] == "AWS::StepFunctions::StateMachine":
                found[f"{path.parent.name}/{path.stem}.{name}"] = definition_of(resource["Properties"])
    return found


def definition_of(properties: dict[str, Any]) -> Any:
    given = properties.get("Definition") or json.loads(properties["DefinitionString"])
    text = json.dumps(given)
    for name in properties.get("DefinitionSubstitutions", {}):
        text = text.replace(f"${{{name}}}", ARN)
    return json.loads(text)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the validator says of each definition, once for those that are alike, and of one that is broken."""
    if not VALIDATOR.exists():
        pytest.skip("asl-validator is not installed (cd tools/state_machines && npm ci)")
    folder, words = tmp_path_factory.mktemp("definitions"), [str(VALIDATOR)]
    found = {json.dumps(definition): name.replace("/", ".") for name, definition in definitions().items()}
    for text, name in [*found.items(), (json.dumps(leading_nowhere(json.loads(next(iter(found))))), "broken")]:
        (folder / name).write_text(text, encoding="utf-8")
        words += ["--json-path", str(folder / name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    judgements = re.findall(r'State machine definition ".*/(.+?)" is ((?:.|\n(?! *[✓✕]))*)', done.stdout + done.stderr)
    return dict(judgements)


def leading_nowhere(definition: Any) -> Any:
    states, first = definition["States"], definition["StartAt"]
    return definition | {"States": states | {first: states[first] | {"Next": "Nowhere"}}}


def test_every_definition_is_a_valid_state_machine(judged: dict[str, str]) -> None:
    different = {json.dumps(definition) for definition in definitions().values()}
    assert [said for name, said in judged.items() if name != "broken"] == ["valid"] * len(different)
    assert different


def test_a_state_that_leads_nowhere_is_found(judged: dict[str, str]) -> None:
    assert judged["broken"].startswith("invalid")
    assert "Nowhere" in judged["broken"]
