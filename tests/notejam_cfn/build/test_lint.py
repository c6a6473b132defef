"""Lint: what a finding says, that nothing silences it, and that memory and processes fail safely."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("cfnlint")

from notejam_cfn.build.lint import Finding, Gap, LintFailed, LintUnavailable, Subject, Verdict, cache, lint, pool
from notejam_cfn.build.lint.linters import Linters

BAD_PORT = """
Resources:
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: seventy
      Protocol: HTTP
      DefaultActions: [{Type: fixed-response, FixedResponseConfig: {StatusCode: "200"}}]
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
"""
BUILD_PROJECT = """
Resources:
  Build:
    Type: AWS::CodeBuild::Project
"""
VERDICT = Verdict(
    (Finding("t", "Vpc", "Properties", "E1", "error", "wrong", "cfn-lint", "", 3),), (), ("us-east-1",), 1.5
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make workers run the Python text given, instead of loading the engines."""

    def replace(program: str) -> None:
        monkeypatch.setattr(pool, "COMMAND", (sys.executable, "-c", program))

    return replace


ECHO = f"""
import json, sys
for line in sys.stdin:
    print(json.dumps({json.dumps(dataclasses.asdict(VERDICT))!s}), flush=True)
""".replace("false", "False")


def test_finding_names_template_logical_id_property_rule_and_source(linters: Linters) -> None:
    (finding,) = [each for each in linters.judge(Subject("web.yaml", BAD_PORT)).findings if each.rule == "E3012"]
    assert (finding.template, finding.logical_id, finding.property) == ("web.yaml", "Listener", "Properties.Port")
    assert finding.severity == "error"
    assert finding.line == 7
    assert finding.source.startswith("https://")
    assert str(finding).startswith("web.yaml:7: Listener.Properties.Port: E3012 ")


def test_strict_types_are_demanded(linters: Linters) -> None:
    text = BAD_PORT.replace("seventy", '"70"')
    assert "E3012" in {finding.rule for finding in linters.judge(Subject("web.yaml", text)).findings}


def test_text_that_is_no_template_is_a_finding(linters: Linters) -> None:
    assert linters.judge(Subject("web.yaml", "Resources: [")).findings


def test_missing_type_is_a_gap_in_each_region_and_no_finding(linters: Linters) -> None:
    verdict = linters.judge(Subject("build.yaml", BUILD_PROJECT))
    assert Gap("Build", "AWS::CodeBuild::Project", "mx-central-1") in verdict.gaps
    assert "E3006" not in {finding.rule for finding in verdict.findings}
    assert {gap.region for gap in verdict.gaps} < set(verdict.regions)


def test_unknown_type_is_missing_everywhere(linters: Linters) -> None:
    verdict = linters.judge(Subject("t", BUILD_PROJECT.replace("CodeBuild", "CodeBuilt")))
    assert {gap.region for gap in verdict.gaps} == set(verdict.regions)


@pytest.mark.parametrize(
    "ignore",
    [
        "Metadata: {cfn-lint: {config: {ignore_checks: [E, W, I]}}}\n" + BAD_PORT,
        BAD_PORT.replace(
            "    Properties:", "    Metadata: {cfn-lint: {config: {ignore_checks: [E3012]}}}\n    Properties:"
        ),
    ],
    ids=["template", "resource"],
)
def test_ignores_within_a_template_are_void(linters: Linters, ignore: str) -> None:
    assert "E3012" in {finding.rule for finding in linters.judge(Subject("web.yaml", ignore)).findings}


def test_configuration_files_are_not_read(linters: Linters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".cfnlintrc").write_text("ignore_checks: [E, W, I]\nregions: [us-east-1]\n")
    monkeypatch.chdir(tmp_path)
    verdict = linters.judge(Subject("web.yaml", BAD_PORT))
    assert len(verdict.regions) > 40
    assert "E3012" in {finding.rule for finding in verdict.findings}


def test_both_engines_and_our_rules_speak_once(linters: Linters) -> None:
    text = BAD_PORT.replace("Protocol: HTTP", "Protocol: HTTPS") + (
        "  Queue:\n    Type: AWS::SQS::Queue\n    DependsOn: Balancer\n    Properties: {VisibilityTimeout: 50000}\n"
    )
    findings = linters.judge(Subject("web.yaml", text)).findings
    assert {"cfn-lint", "notejam"} <= {finding.linter for finding in findings}
    said = [(finding.logical_id, finding.rule, finding.linter) for finding in findings]
    assert not [one for one in said if one[2] != "cfn-lint" and (*one[:2], "cfn-lint") in said]


def test_the_offline_engine_of_aws_is_asked_too(linters: Linters) -> None:
    text = 'Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {Path: "arn:aws:iam::123456789012:role/x"}\n'
    findings = linters.judge(Subject("role.yaml", text)).findings
    assert "F3031" in {finding.rule for finding in findings if finding.linter == "cloudformation-validate"}


def test_an_arn_that_somebody_configured_is_judged_by_our_rule_alone(linters: Linters) -> None:
    text = (
        'Resources:\n  R:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties: {LoadBalancerArn: "%s"}\n'
    )
    arn = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/front/0a1b2c3d4e5f6a7b"
    assert not {"E9505", "W9013"} & {finding.rule for finding in linters.judge(Subject("a.yaml", text % arn)).findings}


def test_a_service_that_may_call_a_function_is_a_name_and_no_address(linters: Linters) -> None:
    text = (
        "Resources:\n  R:\n    Type: AWS::Lambda::Permission\n    Properties:\n"
        "      {Action: lambda:InvokeFunction, FunctionName: x, Principal: elasticloadbalancing.amazonaws.com}\n"
    )
    assert "E9505" not in {finding.rule for finding in linters.judge(Subject("a.yaml", text)).findings}


def test_verdict_survives_json() -> None:
    assert Verdict.from_json(json.loads(json.dumps(dataclasses.asdict(VERDICT)))) == VERDICT


def test_verdicts_come_in_the_order_of_the_subjects(workers: Callable[[str], None]) -> None:
    workers(
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    text = json.loads(line)['text']\n"
        "    answer = {'findings': [], 'gaps': [], 'regions': [text], 'seconds': 0, 'remembered': False}\n"
        "    print(json.dumps(answer), flush=True)\n"
    )
    texts = ["a", "ccc", "bb", "dddd"]
    assert [verdict.regions for verdict in lint([Subject("t", text) for text in texts])] == [(text,) for text in texts]


def test_second_time_is_remembered(workers: Callable[[str], None]) -> None:
    workers(ECHO)
    subject = Subject("t", "text")
    assert not lint([subject])[0].remembered
    workers("raise SystemExit('asked again')")
    assert lint([subject])[0].remembered
    with pytest.raises(LintFailed, match="asked again"):
        lint([Subject("t", "changed")])
    with pytest.raises(LintFailed, match="asked again"):
        lint([Subject("t", "text", max_bytes=10)])


def test_changed_rules_and_engines_are_asked_again(
    workers: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    workers(ECHO)
    lint([Subject("t", "text")])
    monkeypatch.setattr(cache, "_judges", lambda: "other versions")
    assert not lint([Subject("t", "text")])[0].remembered


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"findings": []}', '{"findings": [{"oops": 1}]}'])
def test_broken_cache_is_harmless(workers: Callable[[str], None], own_cache: Path, damage: str) -> None:
    workers(ECHO)
    lint([Subject("t", "text")])
    (file,) = own_cache.rglob("*.json")
    file.write_text(damage)
    assert lint([Subject("t", "text")]) == [VERDICT]


def test_unwritable_cache_is_harmless(
    workers: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers(ECHO)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "below"))
    assert lint([Subject("t", "text")]) == [VERDICT]


def test_verdicts_nobody_asks_for_are_forgotten(workers: Callable[[str], None], own_cache: Path) -> None:
    workers(ECHO)
    lint([Subject("t", "old"), Subject("t", "in use")])
    for file in own_cache.rglob("*.json"):
        os.utime(file, (0, 0))
    lint([Subject("t", "in use"), Subject("t", "new")])
    assert cache.recall(Subject("t", "old")) is None
    assert cache.recall(Subject("t", "in use"))


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, Path("/x/notejam")),
        ("linux", {"HOME": "/home/ada"}, Path("/home/ada/.cache/notejam")),
        ("darwin", {"HOME": "/Users/ada"}, Path("/Users/ada/Library/Caches/notejam")),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/notejam/Cache")),
    ],
)
def test_cache_is_where_the_platform_keeps_caches(
    platform: str, variables: dict[str, str], expected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (cache.VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache.directory() == expected


def test_worker_that_dies_is_named_with_its_last_words(workers: Callable[[str], None]) -> None:
    workers("import sys; sys.stdin.readline(); raise SystemExit('out of memory')")
    with pytest.raises(LintFailed, match="t: the lint process ended: out of memory"):
        lint([Subject("t", "text")])


def test_missing_engines_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notejam_cfn.build.lint.MODULES", ("cfnlint", "no_such_engine"))
    with pytest.raises(LintUnavailable, match=r"needs no_such_engine: .*notejam\[lint\].*--no-lint"):
        lint([Subject("t", "text")])


def test_no_more_workers_than_subjects(workers: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    workers(ECHO)
    started: list[pool.Worker] = []
    start = pool._start

    def recorded() -> pool.Worker:
        started.append(start())
        return started[-1]

    monkeypatch.setattr(pool, "_start", recorded)
    lint([Subject("a", "1"), Subject("b", "2")], jobs=8)
    assert len(started) == 2
    assert all(worker.process.poll() is not None for worker in started)


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    worker = "import sys; sys.stdin.read()"
    parent = (
        "import os, sys, time\n"
        "from notejam_cfn.build.lint import pool\n"
        f"pool.COMMAND = (sys.executable, '-c', {worker!r})\n"
        "print(pool._start().process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", parent],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(pool.PACKAGES)},
    )
    assert gone(int(result.stdout))


def gone(process: int) -> bool:
    """Wait for a process to end, for at most a few seconds."""
    for _ in range(100):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{process}/stat").exists() and ") Z " in Path(f"/proc/{process}/stat").read_text():
            return True
        time.sleep(0.05)
    return False
