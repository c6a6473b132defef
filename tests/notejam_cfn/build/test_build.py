"""Building: the same bytes every time, a manifest that tells all, an output directory that is never half written."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build, manifest, output
from notejam_cfn.build.build import BuildError, Rendered
from notejam_cfn.build.lint import Gap, Subject, Verdict
from notejam_cfn.config import loader
from notejam_cfn.config.settings import Project
from notejam_cfn.core import render
from notejam_cfn.deploy.exit_codes import BadInput
from notejam_cfn.deploy.manifest import read as read_output

ROOT = Path(__file__).parents[3]
DOCUMENT = {
    "delivery": {"region": "eu-central-1"},
    "stages": {
        "dev": {"region": "eu-central-1"},
        "prod": {"region": "mx-central-1", "size": "resilient", "account": "1" * 12},
    },
}
REGIONS = ("eu-central-1", "mx-central-1", "us-east-1")


@pytest.fixture(scope="module")
def project() -> Project:
    return loader.parse(DOCUMENT)


@pytest.fixture(scope="module")
def rendered(project: Project) -> list[Rendered]:
    return build.compose(project)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Verdict]:
    """Let lint answer from a dictionary by path, and with silence otherwise."""
    verdicts: dict[str, Verdict] = {}
    silence = Verdict((), (), REGIONS, 0.0)

    def lint(subjects: list[Subject], **options: Any) -> list[Verdict]:
        return [verdicts.get(subject.name, silence) for subject in subjects]

    monkeypatch.setattr(build, "lint", lint)
    return verdicts


def read_manifest(files: dict[str, str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files["manifest.json"])
    return document


def test_paths_say_stage_and_layer(rendered: list[Rendered]) -> None:
    assert {"dev/network.yaml", "dev/database.yaml", "dev/service.yaml", "dev/console.yaml"} <= {
        r.path for r in rendered
    }


def test_json_and_yaml_are_the_same_templates(project: Project, rendered: list[Rendered]) -> None:
    for as_json, as_yaml in zip(build.compose(project, form="json"), rendered, strict=True):
        assert as_json.path == as_yaml.path.replace(".yaml", ".json")
        assert json.loads(as_json.text) == json.loads(json.dumps(as_yaml.body))
        assert render.load(as_yaml.text) == render.load(as_json.text)


def test_any_process_builds_the_same_bytes(project: Project, rendered: list[Rendered]) -> None:
    script = (
        "import json; from notejam_cfn.build import build; from notejam_cfn.config import loader\n"
        "project = loader.parse(json.loads(input()))\n"
        "print(json.dumps(build.files(project, build.compose(project))))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(DOCUMENT),
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(result.stdout) == build.files(project, rendered)


def test_unknown_stage_is_refused_with_the_known_ones(project: Project) -> None:
    with pytest.raises(BuildError, match="no stage named 'live' in the configuration; its stages: dev, prod"):
        build.compose(project, ["live"])


def test_type_that_a_stages_region_lacks_is_a_finding_there_and_a_note_elsewhere(
    rendered: list[Rendered], answers: dict[str, Verdict]
) -> None:
    gap = Verdict((), (Gap("Build", "AWS::CodeBuild::Project", "mx-central-1"),), REGIONS, 0.0)
    answers |= {"dev/network.yaml": gap, "prod/network.yaml": gap}
    judgement = build.judge(rendered)
    (finding,) = judgement.findings
    assert (finding.template, finding.logical_id, finding.rule) == ("prod/network.yaml", "Build", "E3006")
    assert "does not exist in mx-central-1" in finding.message
    assert judgement.notes == ("AWS::CodeBuild::Project does not exist in 1 regions: mx-central-1",)


def test_region_that_nobody_knows_is_a_finding(answers: dict[str, Verdict]) -> None:
    project = loader.parse({"stages": {"dev": {"region": "eu-centrl-1"}}})
    findings = build.judge(build.compose(project)).findings
    assert {finding.message for finding in findings} == {
        "cfn-lint knows no region 'eu-centrl-1': correct it, or update cfn-lint"
    }


def test_layers_must_fit_in_a_request_and_the_console_template_in_a_bucket(
    rendered: list[Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Subject] = []

    def lint(subjects: list[Subject], **options: Any) -> list[Verdict]:
        seen.extend(subjects)
        return [Verdict((), (), REGIONS, 0.0) for _ in subjects]

    monkeypatch.setattr(build, "lint", lint)
    build.judge(rendered)
    limits = {subject.name: subject.max_bytes for subject in seen}
    assert limits["dev/service.yaml"] == 51_200
    assert limits["dev/console.yaml"] == 1_048_576


def test_manifest_tells_what_deploying_needs(project: Project, rendered: list[Rendered]) -> None:
    document = read_manifest(build.files(project, rendered))
    assert document["format"] == 1
    assert document["project"] == "notejam"
    assert document["stages"]["prod"] == {
        "ipv6_only_tasks": False,
        "region": "mx-central-1",
        "account": "1" * 12,
        "size": "resilient",
        "termination_protection": True,
    }
    assert document["stages"]["dev"]["account"] is None
    (service,) = [each for each in document["stacks"] if each["name"] == "notejam-dev-service"]
    assert (service["stage"], service["form"], service["layer"]) == ("dev", "layered", "service")
    assert service["template"] == "dev/service.yaml"
    assert service["depends_on"] == ["notejam-dev-database", "notejam-dev-network"]
    assert service["parameters"]["ImageUri"].keys() == {"type", "default", "description"}
    assert service["capabilities"] == ["CAPABILITY_IAM"]
    assert service["tags"] == {"project": "notejam", "stage": "dev"}
    assert service["outputs"] == sorted(service["outputs"])


def test_manifest_has_the_digest_of_each_file(project: Project, rendered: list[Rendered]) -> None:
    files = build.files(project, rendered)
    for each in read_manifest(files)["stacks"]:
        assert each["sha256"] == hashlib.sha256(files[each["template"]].encode()).hexdigest()


def test_a_stage_built_alone_leaves_the_others_in_the_manifest(project: Project, rendered: list[Rendered]) -> None:
    whole = build.files(project, rendered)
    alone = build.files(project, build.compose(project, ["prod"]), read_manifest(whole))
    assert set(alone) < set(whole)
    assert alone["manifest.json"] == whole["manifest.json"]


def test_a_stage_that_is_gone_leaves_the_manifest(project: Project, rendered: list[Rendered]) -> None:
    smaller = Project(name=project.name, stages=project.stages[:1])
    files = build.files(smaller, build.compose(smaller), read_manifest(build.files(project, rendered)))
    assert {each["stage"] for each in read_manifest(files)["stacks"]} - {None} == {"dev"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "output"


def files_of(**texts: str) -> dict[str, str]:
    """Make a build's files: `a="1"` is the template dev/a.yaml with text 1, and the manifest names them all."""
    templates = {f"dev/{name}.yaml": text for name, text in texts.items()}
    stacks = [{"template": path, "stage": "dev", "sha256": manifest.digest(text)} for path, text in templates.items()]
    return templates | {"manifest.json": json.dumps({"format": 1, "stacks": stacks})}


def snapshot(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }


def test_writing_creates_changes_and_removes(place: Path) -> None:
    assert output.write(place, files_of(a="1", b="1", c="1")).created
    changes = output.write(place, files_of(a="1", b="2"))
    assert changes == output.Changes((), ("dev/b.yaml", "manifest.json"), ("dev/c.yaml",))
    assert snapshot(place).keys() == {"dev/a.yaml", "dev/b.yaml", "manifest.json"}


def test_files_that_are_right_are_not_touched(place: Path) -> None:
    output.write(place, files_of(a="1", b="1"))
    before = (place / "dev/a.yaml").stat()
    output.write(place, files_of(a="1", b="2"))
    after = (place / "dev/a.yaml").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert not output.write(place, files_of(a="1", b="2"))


def test_other_peoples_files_stay(place: Path) -> None:
    output.write(place, files_of(a="1"))
    (place / "dev/plot.svg").write_text("mine")
    (place / "notes.txt").write_text("mine")
    output.write(place, files_of(b="1"))
    assert snapshot(place).keys() == {"dev/b.yaml", "dev/plot.svg", "notes.txt", "manifest.json"}


def test_a_template_somebody_changed_is_not_removed(place: Path) -> None:
    output.write(place, files_of(a="1", b="1"))
    (place / "dev/b.yaml").write_text("edited by hand")
    output.write(place, files_of(a="1"))
    assert (place / "dev/b.yaml").read_text() == "edited by hand"


def test_nothing_outside_the_directory_is_removed(place: Path) -> None:
    outside = place.parent / "outside.yaml"
    outside.write_text("1")
    output.write(place, files_of(a="1"))
    forged = {"format": 1, "stacks": [{"template": "../outside.yaml", "stage": "dev", "sha256": manifest.digest("1")}]}
    (place / "manifest.json").write_text(json.dumps(forged))
    output.write(place, files_of(a="1"))
    assert outside.exists()


def test_directories_left_empty_are_removed(place: Path) -> None:
    output.write(place, files_of(a="1"))
    output.write(place, {"manifest.json": '{"format": 1, "stacks": []}'})
    assert [path.name for path in place.iterdir()] == ["manifest.json"]


def test_a_full_disk_leaves_everything_as_it_was(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output.write(place, files_of(a="1", b="1", c="1"))
    before = snapshot(place)
    written = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if "manifest" in path.name:
            raise OSError("no space left")
        return written(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space left"):
        output.write(place, files_of(a="2", b="2", new="1"))
    assert snapshot(place) == before


@pytest.mark.parametrize("killed_before", ["b.yaml", "manifest.json"])
def test_what_a_killed_build_leaves_is_not_deployed_and_the_next_build_mends_it(
    place: Path, killed_before: str, project: Project, rendered: list[Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = build.files(project, rendered)
    output.write(place, files | {"dev/b.yaml": "1"})
    before = {path: text for path, text in files.items() if path != manifest.FILE_NAME}
    changed = {path: f"{text}\n# changed" for path, text in before.items()} | {"dev/b.yaml": "2"}
    replaced = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if target.name == killed_before:
            raise SystemExit
        return replaced(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(SystemExit):
        output.write(place, changed | {manifest.FILE_NAME: files[manifest.FILE_NAME] + " "})
    monkeypatch.undo()
    replaced_one = next(stack for stack in read_output(place).stacks if stack.path.read_text() not in files.values())
    with pytest.raises(BadInput, match="is not the template that was built"):
        replaced_one.text()
    output.write(place, files)
    assert all(stack.text() for stack in read_output(place).stacks)


def test_difference_shows_what_is_new_changed_and_gone(place: Path) -> None:
    output.write(place, files_of(a="1\n", b="1\n"))
    text = output.difference(place, files_of(a="2\n", c="3\n"))
    assert "--- output/dev/a.yaml\n+++ build/dev/a.yaml\n@@ -1 +1 @@\n-1\n+2\n" in text
    assert "--- output/dev/b.yaml\n+++ /dev/null\n" in text
    assert "--- /dev/null\n+++ build/dev/c.yaml\n" in text
    assert output.difference(place, files_of(a="1\n", b="1\n")) == ""


def test_a_manifest_that_cannot_be_read_counts_as_none(place: Path) -> None:
    place.mkdir()
    for text in ("", "[]", '{"format": 99}'):
        (place / "manifest.json").write_text(text)
        assert manifest.read(place) is None
