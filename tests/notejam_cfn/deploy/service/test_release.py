"""Releasing by digest: a build on CodeBuild, an image there is, the image before."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.core.images import dual_stack
from notejam_cfn.deploy.exit_codes import BadInput, Refused, RolledBack
from notejam_cfn.deploy.manifest import Manifest, read
from notejam_cfn.deploy.service import release
from notejam_cfn.deploy.service.stages import Stage
from notejam_cfn.local.emulator import REGION
from tests.conftest import Run
from tests.notejam_cfn.deploy.conftest import Shop
from tests.notejam_cfn.deploy.fakes import CannedAws

DIGEST = "sha256:" + "a" * 64
OLDER = "sha256:" + "b" * 64
REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/notejam"
PLACE = release.BuildTarget(REGION, "notejam-delivery-image", "artifacts")
SERVICE = "arn:aws:ecs:eu-central-1:123456789012:service/cluster/web"


def build_aws(status: str = "SUCCEEDED", **more: Any) -> CannedAws:
    finished = {"id": "image:1", "buildStatus": status, "currentPhase": "COMPLETED"} | more
    running = {"id": "image:1", "buildStatus": "IN_PROGRESS", "currentPhase": "BUILD"}
    answers = iter([running, finished])
    return CannedAws(
        put_object={},
        start_build={"build": running},
        batch_get_builds=lambda **given: {"builds": [next(answers)]},
        get_log_events={"events": [{"message": "no space left\n"}]},
    )


def test_the_sources_are_built_and_the_digest_comes_back() -> None:
    exported = [{"name": "IMAGE_URI", "value": f"{REPOSITORY}@{DIGEST}"}]
    aws, told = build_aws(exportedEnvironmentVariables=exported), []  # type: ignore[var-annotated]
    assert release.build(aws, PLACE, b"zip", told.append) == f"{REPOSITORY}@{DIGEST}"
    order = dict(aws.asked)["start_build"]
    assert order["sourceLocationOverride"].startswith("artifacts/administration/")
    assert "build: build" in told


def test_a_failed_build_shows_its_last_lines() -> None:
    aws = build_aws("FAILED", logs={"groupName": "builds", "streamName": "image"})
    with pytest.raises(RolledBack, match="no space left"):
        release.build(aws, PLACE, b"zip", lambda words: None)


def test_a_build_that_does_not_name_its_image_is_no_release() -> None:
    with pytest.raises(RolledBack, match="did not say"):
        release.build(build_aws(), PLACE, b"zip", lambda words: None)


def sources(folder: Path) -> Path:
    for name in ("app/main.py", "app/__pycache__/main.pyc", "delivery/image.yml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    (folder / "constraints.txt").write_text("", encoding="utf-8")
    return folder


def test_the_same_sources_give_the_same_zip_without_leftovers(tmp_path: Path) -> None:
    zipped = release.pack(sources(tmp_path))
    assert zipped == release.pack(tmp_path)
    assert zipfile.ZipFile(io.BytesIO(zipped)).namelist() == ["app/main.py", "delivery/image.yml", "constraints.txt"]


def test_packing_elsewhere_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="app, delivery, constraints"):
        release.pack(tmp_path)


def test_a_tag_is_released_by_its_digest() -> None:
    aws = CannedAws(describe_images={"imageDetails": [{"imageDigest": DIGEST}]})
    for repository in (REPOSITORY, dual_stack(REPOSITORY)):
        assert release.with_digest(aws, REGION, f"{repository}:v1") == f"{repository}@{DIGEST}"
    assert dict(aws.asked)["describe_images"]["imageIds"] == [{"imageTag": "v1"}]


def test_an_image_elsewhere_needs_its_digest() -> None:
    assert release.with_digest(CannedAws(), REGION, f"docker.io/app@{DIGEST}") == f"docker.io/app@{DIGEST}"
    with pytest.raises(BadInput, match="has no digest"):
        release.with_digest(CannedAws(), REGION, "docker.io/app:v1")


@pytest.fixture
def manifest(shop: Shop) -> Manifest:
    return read(shop.folder)


def history_aws(*digests: str) -> CannedAws:
    """An AWS where these images were deployed, the latest first, and the first of them runs."""
    now = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
    deployments = [
        {"createdAt": now - datetime.timedelta(days=n), "targetServiceRevisionArn": digest}
        for n, digest in enumerate(digests)
    ]

    def revisions(serviceRevisionArns: list[str]) -> Any:
        image = {"containerName": "web", "image": f"{REPOSITORY}@{serviceRevisionArns[0]}"}
        return {"serviceRevisions": [{"containerImages": [image | {"imageDigest": serviceRevisionArns[0]}]}]}

    held = {"LogicalResourceId": "Web", "PhysicalResourceId": SERVICE, "ResourceStatus": "UPDATE_COMPLETE"}
    stack = {"StackName": "s", "StackId": "s", "StackStatus": "UPDATE_COMPLETE", "CreationTime": now}
    image = {"ParameterKey": "ImageUri", "ParameterValue": f"{REPOSITORY}@{digests[0]}"}
    return CannedAws(
        list_stack_resources=lambda StackName: {
            "StackResourceSummaries": [held | {"ResourceType": "AWS::ECS::Service"}] if "app" in StackName else []
        },
        describe_stacks={"Stacks": [stack | {"Parameters": [image]}]},
        list_service_deployments={"serviceDeployments": deployments},
        describe_service_revisions=revisions,
    )


def test_going_back_finds_the_image_before(manifest: Manifest) -> None:
    aws = history_aws(DIGEST, DIGEST, OLDER)
    assert release.previous(aws, Stage(aws, manifest.stacks_of("dev"))) == f"{REPOSITORY}@{OLDER}"


def test_going_back_without_a_history_is_refused(manifest: Manifest) -> None:
    aws = history_aws(DIGEST)
    with pytest.raises(Refused, match="no earlier image"):
        release.previous(aws, Stage(aws, manifest.stacks_of("dev")))


def test_an_image_is_rolled_out_and_nothing_else(run: Run, deployed: None) -> None:
    ran = run("release", "--yes", "--image", f"registry.example/app@{DIGEST}")
    assert ran.exit == 0
    assert f"ImageUri: (empty) → registry.example/app@{DIGEST}" in ran.out
    assert "shop-dev-base" not in ran.out
    assert run("release", "--yes", "--image", f"registry.example/app@{DIGEST}").exit == 0


def test_without_a_delivery_stack_it_says_what_to_deploy(run: Run, deployed: None) -> None:
    ran = run("release", "--yes")
    assert (ran.exit, "python -m notejam_cfn deploy delivery" in ran.err) == (4, True)
