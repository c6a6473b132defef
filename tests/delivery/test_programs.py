"""What the pipeline's builds do: plan a stage, ask it whether it works, read an image's scan."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build
from notejam_cfn.config import loader
from notejam_cfn.config.settings import Project
from notejam_cfn.core import render
from notejam_cfn.local import emulator

DELIVERY = Path(__file__).parents[2] / "delivery"
REPOSITORY = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/notejam"
IMAGE = f"{REPOSITORY}@sha256:" + "a" * 64
NEW_IMAGE = f"{REPOSITORY}@sha256:" + "b" * 64


@pytest.fixture(scope="module")
def project() -> Project:
    return loader.parse({"stages": {"dev": {"region": "eu-central-1", "size": "standard"}}})


@pytest.fixture(scope="module")
def output(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("output")
    for path, text in build.files(project, build.compose(project)).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def aws() -> Iterator[emulator.Emulator]:
    with emulator.running() as started:
        yield started


@pytest.fixture(scope="module")
def deployed(aws: emulator.Emulator, project: Project) -> emulator.Emulator:
    """A stage that runs an image, with a capacity that somebody has chosen."""
    client = aws.client("cloudformation")
    for rendered in build.compose(project, ["dev"]):
        if rendered.stack.form == "layered":
            given = {"ImageUri": IMAGE, "MaxCapacity": "8"}
            known = {name: value for name, value in given.items() if name in rendered.body.get("Parameters", {})}
            client.create_stack(
                StackName=rendered.stack.name,
                TemplateBody=render.compact_json(dict(rendered.body)),
                Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in known.items()],
                Tags=[{"Key": key, "Value": value} for key, value in rendered.stack.tags.items()],
                Capabilities=["CAPABILITY_IAM"],
            )
            client.get_waiter("stack_create_complete").wait(StackName=rendered.stack.name, WaiterConfig={"Delay": 1})
    return aws


def planned(
    plan: Any, output: Path, into: Path, aws: emulator.Emulator, image: str, repository: str = REPOSITORY
) -> int:
    environ = {
        "STAGE": "dev",
        "IMAGE_URI": image,
        "REPOSITORY_URI": repository,
        "CODEBUILD_BUILD_URL": "https://build.example.com/1",
    }
    arguments = ["--templates", str(output), "--into", str(into)]
    status: int = plan.main(arguments, aws.client, environ)
    return status


def test_a_stage_that_does_not_exist_is_all_new(
    plan: Any, output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with emulator.running() as empty:
        planned(plan, output, tmp_path, empty, IMAGE)
    assert "export CHANGED=yes" in capsys.readouterr().out
    assert "notejam-dev-network: a new stack" in (tmp_path / "changes.txt").read_text()


def test_a_new_image_is_a_change_and_the_plan_says_which(
    plan: Any, output: Path, tmp_path: Path, deployed: emulator.Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(plan, output, tmp_path, deployed, NEW_IMAGE)
    told = capsys.readouterr().out
    assert "export CHANGED=yes" in told
    assert "WebTaskDefinition" in (tmp_path / "changes.txt").read_text()
    assert "DETAILS_URL=https://build.example.com/1" in told


def test_the_same_image_changes_nothing(
    plan: Any, output: Path, tmp_path: Path, deployed: emulator.Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(plan, output, tmp_path, deployed, IMAGE)
    assert "export CHANGED=no" in capsys.readouterr().out
    assert (tmp_path / "changes.txt").read_text() == "nothing changes\n"


def test_a_plan_leaves_no_change_set_behind(
    plan: Any, output: Path, tmp_path: Path, deployed: emulator.Emulator
) -> None:
    planned(plan, output, tmp_path, deployed, NEW_IMAGE)
    left = deployed.client("cloudformation").list_change_sets(StackName="notejam-dev-service")["Summaries"]
    assert [one for one in left if one["ChangeSetName"] == "plan" and one["Status"] != "DELETE_COMPLETE"] == []


def test_what_somebody_chose_is_handed_on_to_codepipeline(
    plan: Any, output: Path, tmp_path: Path, deployed: emulator.Emulator
) -> None:
    planned(plan, output, tmp_path, deployed, NEW_IMAGE)
    database = json.loads((tmp_path / "database.json").read_text())
    assert database["Parameters"]["MaxCapacity"] == "8"
    assert database["Tags"] == {"project": "notejam", "stage": "dev"}
    assert json.loads((tmp_path / "service.json").read_text())["Parameters"]["ImageUri"] == NEW_IMAGE


def test_a_stage_runs_the_image_that_its_own_region_has(
    plan: Any, output: Path, tmp_path: Path, deployed: emulator.Emulator
) -> None:
    there = REPOSITORY.replace("eu-central-1", "us-east-1")
    planned(plan, output, tmp_path, deployed, NEW_IMAGE, repository=there)
    image = json.loads((tmp_path / "service.json").read_text())["Parameters"]["ImageUri"]
    assert image == NEW_IMAGE.replace("eu-central-1", "us-east-1")


def test_what_the_plan_prints_is_safe_for_a_shell(plan: Any) -> None:
    layer = plan.LayerPlan({}, ["REPLACES $(touch gone); 'Bucket'"])
    text = plan.assignments("dev", {"database": layer}, "https://x")
    shown = subprocess.run(["bash", "-c", f'{text}\nprintf %s "$SUMMARY"'], capture_output=True, text=True, check=True)
    assert shown.stdout == "dev: 1 changes. REPLACES $(touch gone); 'Bucket'"


def test_a_summary_puts_replacements_first_and_stays_short(plan: Any) -> None:
    text = plan.summary("prod", [*(f"changes Thing{number}" for number in range(200)), "REPLACES Database"])
    assert text.startswith("prod: 201 changes. REPLACES Database")
    assert len(text) <= 900


def test_a_sleeping_stage_is_woken(smoke: Any) -> None:
    answers = iter([(503, ""), (503, ""), (0, "refused"), (200, "ready\n")])
    pauses: list[float] = []
    assert smoke.ask("http://x", "/readyz", "ready", lambda url: next(answers), pauses.append) is None
    assert len(pauses) == 3


def test_a_stage_that_stays_down_is_said_to_be(smoke: Any) -> None:
    problem = smoke.ask("http://x", "/readyz", "ready", lambda url: (500, "no"), lambda seconds: None)
    assert problem == "http://x/readyz answered 500 for 600 seconds: 'no'"


def test_the_address_is_an_output_of_the_stage(smoke: Any, output: Path, deployed: emulator.Emulator) -> None:
    from notejam_cfn.deploy import manifest

    stacks = manifest.read(output).stacks_of("dev")
    assert smoke.address(stacks, deployed.client).startswith("http")


def pushed(aws: emulator.Emulator, region: str, tag: str) -> str:
    """Push an image to a repository in a region and return its digest."""
    ecr = aws.client("ecr", region)
    with contextlib.suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName="notejam")
    manifest = json.dumps({"schemaVersion": 2, "tag": tag})
    answer = ecr.put_image(repositoryName="notejam", imageManifest=manifest, imageTag=tag)
    return str(answer["image"]["imageId"]["imageDigest"])


def marked(aws: emulator.Emulator, region: str, tag: str) -> str:
    asked = [{"imageTag": tag}]
    found = aws.client("ecr", region).describe_images(repositoryName="notejam", imageIds=asked)["imageDetails"]
    return str(found[0]["imageDigest"])


def test_the_image_a_stage_runs_is_marked_wherever_it_is_kept(
    smoke: Any, output: Path, deployed: emulator.Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke, "fetched", lambda url: (200, "ready jam"))
    for release in ("release-1", "release-2"):
        digests = {pushed(deployed, region, release) for region in ("eu-central-1", "us-east-1")}
        (digest,) = digests
        environ = {
            "STAGE": "dev",
            "IMAGE_URI": f"{REPOSITORY}@{digest}",
            "REPOSITORY_URI": REPOSITORY,
            "COPY_URIS": REPOSITORY.replace("eu-central-1", "us-east-1"),
        }
        assert smoke.main(["--templates", str(output)], deployed.client, environ) == 0
        assert {marked(deployed, region, "stage-dev") for region in ("eu-central-1", "us-east-1")} == digests


class Ecr:
    """Answers for a scan, one after the other."""

    class exceptions:
        class ScanNotFoundException(Exception):
            pass

    def __init__(self, *answers: dict[str, Any] | None) -> None:
        self.answers = list(answers)

    def describe_image_scan_findings(self, **asked: Any) -> dict[str, Any]:
        assert asked["repositoryName"] == "notejam"
        answer = self.answers.pop(0)
        if answer is None:
            raise self.exceptions.ScanNotFoundException
        return answer


def scanned(status: str, **counts: int) -> dict[str, Any]:
    return {"imageScanStatus": {"status": status}, "imageScanFindings": {"findingSeverityCounts": counts}}


def test_a_scan_is_waited_for(scan: Any) -> None:
    ecr = Ecr(None, scanned("IN_PROGRESS"), scanned("COMPLETE", CRITICAL=1, LOW=4))
    repository, digest = scan.split(IMAGE)
    assert scan.findings(ecr, repository, digest, lambda seconds: None) == {"CRITICAL": 1, "LOW": 4}


def test_a_scan_that_cannot_be_made_stops_the_build(scan: Any) -> None:
    with pytest.raises(RuntimeError, match="UNSUPPORTED_IMAGE"):
        scan.findings(Ecr(scanned("UNSUPPORTED_IMAGE")), "notejam", "sha256:1", lambda seconds: None)


# Notes each call, and knows only images by the digest in KNOWN_DIGEST.
RECORDER = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
  *describe-images*) [[ "$*" == *"imageDigest=$KNOWN_DIGEST"* ]] ;;
  *get-login-password*) echo secret ;;
  login*) cat > /dev/null ;;
esac
"""


@pytest.mark.parametrize("known", ["sha256:" + "a" * 64, "sha256:other"], ids=["same", "other-digest"])
def test_a_copy_must_be_the_image_that_was_scanned(tmp_path: Path, known: str) -> None:
    for name in ("aws", "docker"):
        (tmp_path / name).write_text(RECORDER)
        (tmp_path / name).chmod(0o755)
    copy = REPOSITORY.replace("eu-central-1", "eu-west-1")
    environ = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "KNOWN_DIGEST": known,
        "COPY_URIS": copy,
    }
    ran = subprocess.run(["bash", str(DELIVERY / "copy.sh"), IMAGE, "release-1"], env=environ, capture_output=True)
    calls = (tmp_path / "calls").read_text()
    assert f"docker push --quiet {copy}:release-1" in calls
    assert "--region eu-west-1 --repository-name notejam" in calls
    assert (ran.returncode == 0) is (known in IMAGE)


def test_without_other_regions_nothing_is_copied(tmp_path: Path) -> None:
    command = ["bash", str(DELIVERY / "copy.sh"), IMAGE, "release-1"]
    subprocess.run(command, env={"PATH": os.environ["PATH"]}, check=True, cwd=tmp_path)
