"""The buildspecs are files that people can read, and run here as far as they can without AWS."""

from __future__ import annotations

import functools
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from notejam_cfn.config.loader import parse, starter
from notejam_cfn.stacks import stacks_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "delivery"
BUILDSPECS = sorted(FOLDER.glob("*.yml"))


def buildspec(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return document


@functools.cache
def delivery_template() -> dict[str, Any]:
    (delivery,) = (stack for stack in stacks_of(parse(tomllib.loads(starter()))) if stack.layer == "delivery")
    template: dict[str, Any] = delivery.template.to_dict()
    return template


def commands(document: dict[str, Any]) -> list[str]:
    return [command for phase in document["phases"].values() for command in phase.get("commands", [])]


def test_every_project_has_its_buildspec() -> None:
    resources = delivery_template()["Resources"].values()
    named = {one["Properties"]["Source"]["BuildSpec"] for one in resources if one["Type"] == "AWS::CodeBuild::Project"}
    assert named == {f"delivery/{path.name}" for path in BUILDSPECS}


@pytest.mark.parametrize("path", BUILDSPECS, ids=lambda path: path.stem)
def test_every_command_is_a_shell_command(path: Path) -> None:
    for command in commands(buildspec(path.stem)):
        checked = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True)
        assert checked.returncode == 0, f"{command}: {checked.stderr}"


@pytest.mark.parametrize("path", BUILDSPECS, ids=lambda path: path.stem)
def test_every_file_a_command_names_exists(path: Path) -> None:
    for command in commands(buildspec(path.stem)):
        for word in shlex.split(command):
            if re.fullmatch(r"(delivery|app|scripts)/\S+|constraints\.txt", word):
                for step in ("deploy", "smoke"):
                    assert (ROOT / word.replace("$STEP", step)).exists(), word


def test_reports_stay_visible_in_codebuild() -> None:
    reports = buildspec("test")["reports"]
    assert {report["file-format"] for report in reports.values()} == {"JUNITXML", "COBERTURAXML"}
    tests = next(command for command in commands(buildspec("test")) if "pytest" in command)
    for report in reports.values():
        (file,) = report["files"]
        assert f"{report['base-directory']}/{file}" in tests


def test_what_the_pipeline_reads_is_exported() -> None:
    read = set(re.findall(r"#\{([\w-]+)\.(\w+)\}", str(delivery_template()["Resources"]["Pipeline"])))
    exported = {name: set(buildspec(name)["env"]["exported-variables"]) for name in ("image", "plan")}
    assert len(read) > 3
    assert ("source", "CommitId") in read  # CodePipeline itself says what the source action took
    for namespace, variable in read - {("source", "CommitId")}:
        assert variable in exported["image" if namespace == "image" else "plan"], variable


@pytest.mark.parametrize("step", ["deploy", "smoke"])
def test_every_step_of_a_deployment_is_a_script(step: str) -> None:
    assert f"'STEP', 'value': '{step}'".replace("'", '"').replace(", ", ",").replace(": ", ":") in str(
        delivery_template()["Resources"]["Pipeline"]
    )
    assert subprocess.run(["bash", "-n", str(FOLDER / f"{step}.sh")]).returncode == 0


def test_the_plan_is_found_by_the_name_of_its_artifact(tmp_path: Path) -> None:
    (find, *_) = buildspec("deploy")["phases"]["build"]["commands"]
    environ = {"PATH": os.environ["PATH"], "CODEBUILD_SRC_DIR_Plan_prod": str(tmp_path)}
    found = subprocess.run(["bash", "-c", f'{find}; echo "$PLAN"'], env=environ, capture_output=True, text=True)
    assert found.stdout.strip() == f"{tmp_path}/plan.json"


def test_an_image_with_critical_findings_stops_the_pipeline() -> None:
    last = commands(buildspec("image"))
    assert any(command.startswith("python delivery/scan.py") for command in last)
    assert last.index(next(c for c in last if "docker push" in c)) < last.index(next(c for c in last if "scan.py" in c))


def test_the_test_build_runs_in_a_clean_checkout(tmp_path: Path) -> None:
    """Its own commands, in a copy of what git knows and nothing else, with the packages that are installed here.

    One file is tested and reported on, and no template is linted: both for all would take a minute and a half.
    """
    known = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if known.returncode:
        pytest.skip("not a git checkout")
    packed = subprocess.run(
        ["tar", "--create", "--null", "--files-from=-", "--ignore-failed-read"],
        cwd=ROOT,
        input=known.stdout,
        capture_output=True,
    )
    subprocess.run(["tar", "--extract", "--directory", str(tmp_path)], input=packed.stdout, check=True)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / ".coveragerc").write_text("[report]\ninclude = notejam_cfn/core/template.py\n", encoding="utf-8")
    for command in buildspec("test")["phases"]["build"]["commands"]:
        here = command.replace("-n auto", "-n 0 tests/notejam_cfn/core/test_template.py")
        here = here.replace("build --check", "build --check --no-lint")
        subprocess.run(["bash", "-c", here], cwd=tmp_path, check=True, env=clean_environment(tmp_path))
    for report in buildspec("test")["reports"].values():
        assert (tmp_path / report["base-directory"] / report["files"][0]).stat().st_size > 0


def clean_environment(checkout: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "PYTHONPATH": str(checkout)}
