"""What the pipeline's builds do: hand a plan on, take an image back, mark it, read its scan."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build
from notejam_cfn.config import loader
from notejam_cfn.local import emulator

DELIVERY = Path(__file__).parents[2] / "delivery"
REPOSITORY = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/notejam"
IMAGE = f"{REPOSITORY}@sha256:" + "a" * 64
NEW_IMAGE = f"{REPOSITORY}@sha256:" + "b" * 64


def plan_of(*changes: dict[str, Any], old: str = "", digest: str = "d" * 64) -> dict[str, Any]:
    """A plan as `deploy --plan` writes it, as far as the pipeline reads it."""
    parameters = [{"name": "ImageUri", "old": old, "new": NEW_IMAGE}] if changes else []
    stack = {"name": "notejam-dev-service", "layer": "service", "parameters": parameters}
    return {"stage": "dev", "digest": digest, "empty": not changes, "changes": list(changes), "stacks": [stack]}


def change(name: str, verdict: str = "restart", action: str = "change") -> dict[str, Any]:
    return {"id": name, "action": action, "verdict": verdict}


def test_what_the_pipeline_is_told_is_safe_for_a_shell(handover: Any) -> None:
    text = handover.tell(plan_of(change("service.$(touch gone)'")), {"CODEBUILD_BUILD_URL": "https://x"})
    shown = subprocess.run(["bash", "-c", f'{text}\nprintf %s "$SUMMARY $DETAILS_URL"'], capture_output=True, text=True)
    assert "service.$(touch gone)': change" in shown.stdout
    assert shown.stdout.endswith("https://x")


def test_a_summary_puts_what_is_grave_first_and_stays_short(handover: Any) -> None:
    many = [change(f"service.Thing{number}") for number in range(200)]
    text = handover.summary(plan_of(*many, change("database.DatabaseCluster", "data lost", "replace")), "")
    assert text.startswith("dev: 201 changes, plan dddddddddddd. database.DatabaseCluster: replace, data lost")
    assert len(text) <= 900


def test_the_summary_of_an_empty_plan_says_so(handover: Any) -> None:
    assert handover.summary(plan_of(), "") == "dev: nothing changes, plan dddddddddddd."


def test_an_exchanged_plan_is_refused(handover: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(plan_of(change("service.WebService"), digest="e" * 64)))
    assert handover.main(["check", str(tmp_path / "plan.json"), "e" * 64]) == 0
    assert handover.main(["check", str(tmp_path / "plan.json"), "d" * 64]) == 1
    assert "plan again" in capsys.readouterr().err


@pytest.mark.parametrize("old", [IMAGE, ""], ids=["before", "first-release"])
def test_the_image_before_is_what_the_plan_takes_away(handover: Any, old: str) -> None:
    assert handover.image_before(plan_of(change("service.WebService"), old=old)) == old
    assert handover.image_before(plan_of()) == ""


# Stands for python: notes what is asked of the command line, and answers as a stage that does not work.
PYTHON = """#!/usr/bin/env bash
echo "$*" >> "$CALLS"
case "$*" in
  *"notejam_cfn smoke"*) exit "$WORKS" ;;
  *"handover.py before"*) echo "$BEFORE" ;;
esac
"""


def smoke_ran(tmp_path: Path, works: bool, before: str) -> tuple[int, list[str]]:
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    environ = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "WORKS": "0" if works else "1",
        "BEFORE": before,
        "STAGE": "dev",
        "ACCESS": "arn:aws:iam::111122223333:role/notejam-delivery-in-dev-eu-central-1",
    }
    ran = subprocess.run(["bash", str(DELIVERY / "smoke.sh"), "plan.json"], env=environ, cwd=tmp_path)
    return ran.returncode, (tmp_path / "calls").read_text().splitlines()


def test_a_stage_that_works_has_its_image_marked(tmp_path: Path) -> None:
    status, calls = smoke_ran(tmp_path, works=True, before=IMAGE)
    assert status == 0
    assert calls == ["delivery/running.py", "-m notejam_cfn smoke dev --profile stage", "delivery/mark.py"]


def test_a_stage_that_does_not_work_gets_its_image_back_and_nothing_else(tmp_path: Path) -> None:
    status, calls = smoke_ran(tmp_path, works=False, before=IMAGE)
    assert status == 1
    role = "arn:aws:iam::111122223333:role/notejam-delivery-in-dev-eu-central-1-execute"
    assert calls[-1] == f"-m notejam_cfn release dev --profile stage --role-arn {role} --image {IMAGE} --yes"


def test_a_first_release_that_does_not_work_is_left(tmp_path: Path) -> None:
    status, calls = smoke_ran(tmp_path, works=False, before="")
    assert status == 1
    assert not any("release" in call for call in calls)


def test_stacks_that_are_out_of_date_are_named(
    outdated: Any,
    aws: emulator.Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The access to the stage and its previews is as built, the delivery is not there."""
    project = loader.parse({"delivery": {"repository": "o/n"}, "stages": {"dev": {"region": "eu-central-1"}}})
    for path, text in build.files(project, build.compose(project)).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    there = ("network", "delivery-in-dev", "delivery-in-dev-previews", "delivery-people")
    for one in build.compose(project):
        if one.stack.layer in there:
            aws.deploy(one.stack.name, dict(one.body))
    monkeypatch.setattr(outdated, "PROFILE", None)
    assert outdated.main({"STAGE": "dev"}, tmp_path) == 0
    told = "notejam-delivery out of date: an administrator runs `python -m notejam_cfn deploy delivery`.\n"
    assert capsys.readouterr().out == told


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


def noted(aws: emulator.Emulator, region: str) -> str:
    found = aws.client("ssm", region).get_parameter(Name="notejam-delivery-in-dev-image")
    return str(found["Parameter"]["Value"])


def test_the_image_a_stage_runs_is_marked_wherever_it_is_kept(mark: Any, aws: emulator.Emulator) -> None:
    for release in ("release-1", "release-2"):
        digests = {pushed(aws, region, release) for region in ("eu-central-1", "us-east-1")}
        (digest,) = digests
        environ = {
            "STAGE": "dev",
            "IMAGE_PARAMETER": "notejam-delivery-in-dev-image",
            "IMAGE_URI": f"{REPOSITORY}@{digest}",
            "REPOSITORY_URI": REPOSITORY,
            "COPY_URIS": REPOSITORY.replace("eu-central-1", "us-east-1"),
        }
        assert mark.main(aws.client, environ) == 0
        assert {marked(aws, region, "stage-dev") for region in ("eu-central-1", "us-east-1")} == digests
        assert {noted(aws, region) for region in ("eu-central-1", "us-east-1")} == digests


# Stands for the AWS CLI: each call takes the next answer, and without one says that no scan was begun.
AWS = """#!/usr/bin/env bash
[[ "$*" == "ecr describe-image-scan-findings --repository-name notejam --image-id imageDigest=sha256:a"* ]] || exit 9
answer="$(head -n 1 "$ANSWERS")"
sed -i 1d "$ANSWERS"
case "$answer" in
  "") echo "An error occurred (ScanNotFoundException) when calling it: none" >&2; exit 254 ;;
  denied) echo "An error occurred (AccessDeniedException) when calling it: no" >&2; exit 254 ;;
  *) echo "$answer" ;;
esac
"""


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have the AWS CLI answer for a scan, one after the other."""

    def answer(*answers: str) -> None:
        (tmp_path / "aws").write_text(AWS)
        (tmp_path / "aws").chmod(0o755)
        (tmp_path / "answers").write_text("".join(f"{one}\n" for one in answers))
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.setenv("ANSWERS", str(tmp_path / "answers"))

    return answer


def scanned(status: str, **counts: int) -> str:
    return json.dumps({"imageScanStatus": {"status": status}, "imageScanFindings": {"findingSeverityCounts": counts}})


def test_a_scan_is_waited_for(scan: Any, answering: Callable[..., None]) -> None:
    answering("", scanned("IN_PROGRESS"), scanned("COMPLETE", CRITICAL=1, LOW=4))
    assert scan.findings(*scan.split(IMAGE), lambda seconds: None) == {"CRITICAL": 1, "LOW": 4}


def test_a_scan_that_fails_stops_the_build(scan: Any, answering: Callable[..., None]) -> None:
    answering(scanned("FAILED"))
    with pytest.raises(RuntimeError, match="FAILED"):
        scan.findings(*scan.split(IMAGE), lambda seconds: None)


def test_a_scan_that_may_not_be_read_stops_the_build(scan: Any, answering: Callable[..., None]) -> None:
    answering("denied")
    with pytest.raises(RuntimeError, match="AccessDenied"):
        scan.findings(*scan.split(IMAGE), lambda seconds: None)


def test_critical_findings_stop_the_build_and_others_do_not(scan: Any, answering: Callable[..., None]) -> None:
    answering(scanned("COMPLETE", HIGH=2), scanned("ACTIVE", CRITICAL=1))
    assert [scan.main([IMAGE]), scan.main([IMAGE])] == [0, 1]


def test_a_system_that_cannot_be_scanned_is_a_warning(
    scan: Any, answering: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    answering(scanned("UNSUPPORTED_IMAGE"))
    assert scan.findings(*scan.split(IMAGE), lambda seconds: None) == {}
    assert capsys.readouterr().out.startswith("warning: Amazon ECR cannot scan sha256:aa")


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
