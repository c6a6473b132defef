"""Every rule of our own, on templates that break it and templates that do not.

In fixtures/rules/RULE, bad.yaml has a comment `# expect: LOGICAL_ID PROPERTY` for each finding; good.yaml has none.
"""

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cfnlint")

from cfnlint.rules import Rules
from cfnlint.rules.jsonschema.CfnLint import CfnLint
from cfnlint.rules.jsonschema.JsonSchema import JsonSchema
from cfnlint.rules.resources.Configuration import Configuration
from cfnlint.rules.resources.properties.Properties import Properties

from notejam_cfn.build.lint import Subject
from notejam_cfn.build.lint.linters import OWN, RULES, Linters
from notejam_cfn.core import render

FIXTURES = Path(__file__).parent / "fixtures" / "rules"
MODULES = {path.stem: ".".join(path.relative_to(RULES).with_suffix("").parts) for path in RULES.rglob("[a-z]*.py")}
NAMES = sorted(MODULES)
WITH_FIXTURES = sorted(path.name for path in FIXTURES.iterdir())
EXPECT = re.compile(r"^# expect: (\S+) ?(\S*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def engines() -> Linters:
    """Our rules, and of cfn-lint's those that go through a template for them: all of them take six times as long."""
    rules = Rules.create_from_directory(str(RULES))
    rules.extend([JsonSchema(), Configuration(), Properties(), CfnLint()])
    return Linters(rules)


def rule_of(name: str) -> Any:
    """Return the one rule class of a module."""
    module = importlib.import_module(f"notejam_cfn.build.rules.{MODULES[name]}")
    (rule,) = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
    return rule


def found(engines: Linters, rule: Any, text: str) -> list[tuple[str, str]]:
    findings = engines.judge(Subject("template.yaml", text)).findings
    assert not [finding for finding in findings if finding.rule == "E0002"], "a rule raised an exception"
    return sorted((each.logical_id, each.property) for each in findings if each.rule == rule.id)


@pytest.mark.parametrize("name", WITH_FIXTURES)
def test_rule_finds_each_mistake_where_it_is(engines: Linters, name: str) -> None:
    text = (FIXTURES / name / "bad.yaml").read_text()
    assert found(engines, rule_of(name), text) == sorted(EXPECT.findall(text))


@pytest.mark.parametrize("name", WITH_FIXTURES)
def test_rule_is_silent_on_what_is_right(engines: Linters, name: str) -> None:
    assert found(engines, rule_of(name), (FIXTURES / name / "good.yaml").read_text()) == []


def test_template_size_counts_compact_json_whatever_the_text(engines: Linters) -> None:
    body = {"Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Metadata": {"why": "x" * 51_000}}}}
    size = len(render.compact_json(body))
    at_limit = render.to_json({**body, "Description": "y" * (51_200 - size - len(',"Description":""'))})
    over = render.to_json({**body, "Description": "y" * (51_201 - size - len(',"Description":""'))})
    assert found(engines, rule_of("template_size"), at_limit) == []
    assert found(engines, rule_of("template_size"), over) == [("", "Resources")]


def test_a_template_for_a_bucket_may_be_larger(engines: Linters) -> None:
    body = {"Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Metadata": {"why": "x" * 60_000}}}}
    verdict = engines.judge(Subject("console.yaml", render.to_yaml(body), max_bytes=1_048_576))
    assert "E9509" not in {finding.rule for finding in verdict.findings}


def test_cfn_lint_finds_the_same_rules_by_the_modules_name() -> None:
    by_name = Rules.create_from_module("notejam_cfn.build.rules")
    assert sorted(by_name.keys()) == sorted(Rules.create_from_directory(str(RULES)).keys()) != []


def test_every_rule_has_fixtures_or_a_test_of_its_own() -> None:
    assert set(NAMES) == {*WITH_FIXTURES, "template_size"}


@pytest.mark.parametrize("name", NAMES)
def test_rule_says_what_and_why_and_where_it_comes_from(name: str) -> None:
    rule = rule_of(name)
    assert re.fullmatch(r"[EW]95\d\d", rule.id)
    assert rule.shortdesc
    assert rule.description
    assert rule.source_url.startswith("https://docs.aws.amazon.com/")


def test_rule_ids_are_unique() -> None:
    ids = [rule_of(name).id for name in NAMES]
    assert len(set(ids)) == len(ids)


def test_findings_of_own_rules_are_marked_as_ours(engines: Linters) -> None:
    findings = engines.judge(Subject("t", (FIXTURES / "why" / "bad.yaml").read_text())).findings
    assert {each.linter for each in findings if each.rule == "W9501"} == {OWN}


def test_the_rules_can_be_appended_by_their_folder_from_anywhere(tmp_path: Path) -> None:
    """As `cfn-lint --append-rules` reads a folder, in a process that knows nothing of them."""
    code = f"from cfnlint.rules import Rules; print(*Rules.create_from_directory({str(RULES)!r}))"
    found = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=True
    )
    assert set(found.stdout.split()) == {rule_of(name).id for name in NAMES}
