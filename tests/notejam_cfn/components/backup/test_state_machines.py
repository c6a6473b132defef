"""The state machines of every template, judged by the Amazon States Language validator of asl-validator."""

from __future__ import annotations

import json
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


@pytest.fixture
def judged(tmp_path: Path) -> Any:
    if not VALIDATOR.exists():
        pytest.skip("asl-validator is not installed (cd tools/state_machines && npm ci)")

    def judge(*documents: Any) -> subprocess.CompletedProcess[str]:
        paths = []
        for number, document in enumerate(documents):
            path = tmp_path / f"{number}.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            paths += ["--json-path", str(path)]
        return subprocess.run([str(VALIDATOR), *paths], capture_output=True, text=True, check=False)

    return judge


def test_every_definition_is_a_valid_state_machine(judged: Any) -> None:
    found = definitions()
    assert found
    done = judged(*found.values())
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_state_that_leads_nowhere_is_found(judged: Any) -> None:
    definition = next(iter(definitions().values()))
    first = definition["States"][definition["StartAt"]]
    done = judged(definition | {"States": definition["States"] | {definition["StartAt"]: first | {"Next": "Nowhere"}}})
    assert done.returncode != 0
    assert "Nowhere" in done.stdout + done.stderr
