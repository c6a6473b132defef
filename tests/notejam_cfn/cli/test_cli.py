"""The command line: what it prints, its statuses, and that it leaves output/ whole whatever happens."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build
from notejam_cfn.build.lint import Finding, LintFailed, LintUnavailable, Subject, Verdict
from notejam_cfn.cli import main

ROOT = Path(__file__).parents[3]
CONFIG = '[delivery]\nregion = "eu-central-1"\n[stages.dev]\nregion = "eu-central-1"\n'
FINDING = Finding("dev/network.yaml", "Vpc", "Properties", "E1", "error", "is wrong", "cfn-lint", "", 3)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of one's own with a configuration of one stage."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTEJAM_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "notejam.toml").write_text(CONFIG)
    return tmp_path


@pytest.fixture(autouse=True)
def own_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the test process's own signal handling alone."""
    monkeypatch.setattr(signal, "signal", lambda *arguments: None)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Verdict]:
    """Let lint answer from a dictionary by path, and with silence otherwise."""
    verdicts: dict[str, Verdict] = {}

    def lint(subjects: list[Subject], *, progress: Callable[[Subject, Verdict], None], **options: Any) -> list[Verdict]:
        results = [verdicts.get(subject.name, Verdict((), (), ("eu-central-1",), 0.25)) for subject in subjects]
        for subject, verdict in zip(subjects, results, strict=True):
            progress(subject, verdict)
        return results

    monkeypatch.setattr(build, "lint", lint)
    return verdicts


def run(*arguments: str) -> int:
    return main.main(arguments)


def output_of(place: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted((place / "output").rglob("*")) if path.is_file()}


def test_build_writes_templates_and_manifest(place: Path, answers: dict[str, Verdict]) -> None:
    assert run("build") == 0
    assert (place / "output/dev/network.yaml").exists()
    assert (place / "output/manifest.json").exists()


def test_build_ends_with_a_table(answers: dict[str, Verdict], capsys: pytest.CaptureFixture[str]) -> None:
    run("build")
    printed = capsys.readouterr()
    heads, first = printed.out.splitlines()[:2]
    assert heads.split() == ["template", "resources", "bytes", "findings", "time"]
    assert first.split()[0] == "dev/network.yaml"
    assert first.split()[3] == "0"
    assert "] linted dev/network.yaml, 0.2 s\n" in printed.err
    assert "warning: stages.dev: sends no mail" in printed.out


def test_quiet_build_says_nothing_when_all_is_well(
    answers: dict[str, Verdict], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("build", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_findings_stop_the_build_and_leave_the_output(
    place: Path, answers: dict[str, Verdict], capsys: pytest.CaptureFixture[str]
) -> None:
    run("build")
    before = output_of(place)
    (place / "notejam.toml").write_text(CONFIG + "network.log_retention_days = 14\n")
    answers["dev/network.yaml"] = Verdict((FINDING,), (), ("eu-central-1",), 0.1)
    assert run("build") == 1
    assert str(FINDING) in capsys.readouterr().out
    assert output_of(place) == before


def test_check_is_silent_about_what_is_fresh(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("build", "--no-lint")
    capsys.readouterr()
    assert run("build", "--no-lint", "--check", "--quiet") == 0
    assert capsys.readouterr().out == ""


def test_check_shows_what_is_stale_and_writes_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("build", "--no-lint")
    before = output_of(place)
    (place / "notejam.toml").write_text(CONFIG + "network.log_retention_days = 14\n")
    capsys.readouterr()
    assert run("build", "--no-lint", "--check") == 1
    printed = capsys.readouterr().out
    assert "--- output/dev/network.yaml\n+++ build/dev/network.yaml\n" in printed
    assert "RetentionInDays: 14" in printed
    assert output_of(place) == before


def test_check_of_nothing_creates_nothing(place: Path) -> None:
    assert run("build", "--no-lint", "--check", "--quiet") == 1
    assert not (place / "output").exists()


def test_format_json_replaces_the_yaml(place: Path) -> None:
    run("build", "--no-lint")
    assert run("build", "--no-lint", "--format", "json") == 0
    assert {path.suffix for path in (place / "output").rglob("*") if path.is_file()} == {".json"}


def test_one_stage_leaves_the_others(place: Path) -> None:
    (place / "notejam.toml").write_text(CONFIG + '[stages.test]\nregion = "us-east-1"\n')
    run("build", "--no-lint")
    before = output_of(place)
    assert run("build", "--no-lint", "--stage", "test") == 0
    assert output_of(place) == before


def test_machine_output_is_one_document(answers: dict[str, Verdict], capsys: pytest.CaptureFixture[str]) -> None:
    answers["dev/network.yaml"] = Verdict((FINDING,), (), ("eu-central-1",), 0.1)
    assert run("build", "--json") == 1
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert printed.err == ""
    assert document["status"] == "findings"
    assert document["findings"][0]["logical_id"] == "Vpc"
    assert document["stacks"][0].keys() == {
        *("name", "template", "resources", "bytes", "findings", "seconds", "remembered"),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("[stages.dev", "not valid TOML"),
        ("[stages.dev]\nsize = economy", "line 2, column 8); text stands in quotes"),
        (CONFIG + 'sise = "economy"', "stages.dev.sise is not a known key; did you mean size?"),
        (CONFIG + "database.max_acu = 300", "stages.dev.database.max_acu must be between 1 and 256, got 300"),
        (CONFIG + 'network.cidr = "10.0.0.0/28"', "stages.dev.network.cidr must be between"),
    ],
)
def test_bad_configuration_is_one_line_and_status_2(
    text: str | None, message: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("build", "--no-lint")
    before = output_of(place)
    capsys.readouterr()
    (place / "notejam.toml").unlink()
    if text is not None:
        (place / "notejam.toml").write_text(text)
    assert run("build", "--no-lint") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("notejam-cfn: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert output_of(place) == before


def test_unknown_stage_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("build", "--no-lint", "--stage", "prod") == 2
    assert "no stage named 'prod'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["bild"], ["build", "--format", "xml"], ["build", "--jobs", "0"]])
def test_bad_options_are_status_2(arguments: list[str]) -> None:
    assert run(*arguments) == 2


@pytest.mark.parametrize("error", [LintUnavailable("install it, or use --no-lint"), LintFailed("a process ended")])
def test_lint_that_cannot_run_is_status_2(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lint(*subjects: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(build, "lint", lint)
    assert run("build") == 2
    assert capsys.readouterr().err == f"notejam-cfn: {error}\n"


def test_output_that_cannot_be_written_is_status_2(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "output").write_text("a file")
    assert run("build", "--no-lint") == 2
    assert "output" in capsys.readouterr().err


def test_init_writes_a_configuration_that_builds(place: Path) -> None:
    (place / "notejam.toml").unlink()
    assert run("init") == 0
    assert len((place / "notejam.toml").read_text().splitlines()) <= 10
    assert run("build", "--no-lint", "--quiet") == 0
    (place / "notejam.toml").unlink()
    assert run("init", "--full") == 0
    assert run("build", "--no-lint", "--quiet") == 0


def test_init_never_overwrites(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init") == 2
    assert (place / "notejam.toml").read_text() == CONFIG
    assert "exists already" in capsys.readouterr().err


def test_stages_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("stages") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["dev", "eu-central-1", "the", "caller's", "economy"]
    assert run("stages", "--json") == 0
    assert json.loads(capsys.readouterr().out)["stages"]["dev"]["size"] == "economy"


def test_stages_say_where_types_are_missing(answers: dict[str, Verdict], capsys: pytest.CaptureFixture[str]) -> None:
    from notejam_cfn.build.lint import Gap

    gaps = (Gap("Build", "AWS::CodeBuild::Project", "ca-west-1"),)
    answers["dev/network.yaml"] = Verdict((), gaps, ("eu-central-1", "ca-west-1"), 0.1)
    assert run("stages", "--regions") == 0
    assert "AWS::CodeBuild::Project: not in ca-west-1" in capsys.readouterr().out


def test_graph_shows_what_flows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("graph") == 0
    lines = capsys.readouterr().out.splitlines()
    service = next(index for index, line in enumerate(lines) if line == "notejam-dev-service")
    assert any(line.startswith("  <- notejam-dev-network: ") and "VpcId" in line for line in lines[service:])
    assert run("graph", "--json") == 0
    stacks = json.loads(capsys.readouterr().out)["stacks"]
    assert {flow["source"] for each in stacks for flow in each["reads"]} <= {each["name"] for each in stacks}


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {command} " in printed for command in main.COMMANDS)
    assert len(printed.splitlines()) < 48, "more than two screens"


@LINUX
def test_building_without_lint_is_light(place: Path) -> None:
    script = (
        "import sys, notejam_cfn.cli.main\n"
        "status = notejam_cfn.cli.main.main(['build', '--no-lint', '--quiet'])\n"
        "heavy = {'cfnlint', 'cloudformation_validate', 'boto3', 'botocore', 'bottle'} & set(sys.modules)\n"
        "peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
        "print(status, sorted(heavy), peak)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    status, heavy, kilobytes = result.stdout.split()
    assert (status, heavy) == ("0", "[]")
    assert int(kilobytes) < 60_000


@LINUX
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_build_leaves_the_output_whole(place: Path, number: signal.Signals, status: int) -> None:
    pytest.importorskip("cfnlint")
    assert run("build", "--no-lint") == 0
    before = output_of(place)
    (place / "notejam.toml").write_text(CONFIG + "network.log_retention_days = 14\n")
    building = start_build()
    workers = children(building)
    building.send_signal(number)
    assert building.wait(10) == status
    assert output_of(place) == before
    assert all(ended(worker) for worker in workers)


def start_build() -> subprocess.Popen[bytes]:
    """Start a build, and return as soon as a lint process runs."""
    building = subprocess.Popen(
        [sys.executable, "-m", "notejam_cfn", "build", "--quiet"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    while not children(building):
        assert building.poll() is None
        time.sleep(0.02)
    return building


def children(parent: subprocess.Popen[bytes]) -> list[int]:
    return [int(word) for word in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]


def ended(process: int) -> bool:
    """Wait for a process to end; one that loads its engines only then sees that its input is closed."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_the_documentation_names_every_rule() -> None:
    page = (ROOT / "docs" / "building.md").read_text()
    rules = map(Path.read_text, (ROOT / "notejam_cfn/build/rules").rglob("[a-z]*.py"))
    assert {f"| {rule} |" in page for text in rules for rule in re.findall(r'id = "([EW]95\d\d)"', text)} == {True}
