"""A template too large for a request: its own stack brings the bucket that CloudFormation reads it from."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build
from notejam_cfn.build.build import Rendered
from notejam_cfn.cli.main import main
from notejam_cfn.config import loader
from notejam_cfn.deploy import manifest
from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.service import stage_status
from notejam_cfn.deploy.service.stages import Stage
from notejam_cfn.deploy.stacks import template_upload, templates
from notejam_cfn.deploy.stacks.templates import read_templates
from notejam_cfn.local import emulator
from notejam_cfn.stacks import layers_of_stage
from notejam_cfn.stacks.delivery import delivery_stacks

REGION = emulator.REGION
NAME = "notejam-delivery"


@functools.cache
def files_of(count: int) -> dict[str, str]:
    """Return what a build writes of the delivery of a project of many stages: with each, it grows."""
    stages = {f"stage{number}": {"region": REGION, "size": "economy"} for number in range(count)}
    project = loader.parse({"delivery": {"source": "codecommit"}, "stages": stages})
    stacks = delivery_stacks(project, [layer for stage in project.stages for layer in layers_of_stage(stage)])
    return build.files(project, [Rendered(one, f"{one.path}.yaml", one.template.to_dict(), "yaml") for one in stacks])


def write(folder: Path, count: int = 8) -> Path:
    for path, text in files_of(count).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def deploy(output: Path, *arguments: str) -> Exit:
    """Deploy the delivery; what the command says goes to the test's own output."""
    return Exit(main(["deploy", "delivery", "--only", "delivery", "--yes", "--output", str(output), *arguments]))


@pytest.fixture(scope="module")
def standing(running_emulator: emulator.Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What was built, deployed into an empty account once. Tests that only look come first in this file."""
    output = write(tmp_path_factory.mktemp("output"))
    running_emulator.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running_emulator.environment.items():
            patch.setenv(name, value)
        assert deploy(output) is Exit.DONE
        yield output


@pytest.fixture
def facade(running_emulator: emulator.Emulator) -> Aws:
    return Aws(Access(endpoint_url=running_emulator.url, keys=running_emulator.keys))


def held(facade: Aws) -> set[str]:
    return {resource.logical_id for resource in facade.resources(REGION, NAME)}


def outputs(facade: Aws) -> dict[str, Any]:
    state = facade.stack(REGION, NAME)
    assert state is not None
    return dict(state.outputs)


def built() -> templates.Template:
    return templates.parse(files_of(8)["delivery.yaml"])


def test_the_delivery_is_too_large_for_a_request() -> None:
    assert template_upload.is_large(built().body({}))


def test_the_beginning_is_the_bucket_and_its_key() -> None:
    beginning = template_upload.beginning(built())
    assert set(beginning.resources) == {"ArtifactBucket", "Key"}
    assert not template_upload.is_large(beginning.body({}))


def test_a_new_stack_begins_with_its_bucket_and_ends_whole(standing: Path, facade: Aws) -> None:
    assert held(facade) == set(built().resources)
    state = facade.stack(REGION, NAME)
    assert state is not None
    assert state.status == "UPDATE_COMPLETE"
    assert state.protected


def test_what_was_sent_is_what_was_built(standing: Path, facade: Aws) -> None:
    bucket = outputs(facade)["ArtifactBucketName"]
    (sent,) = facade.call("s3", REGION, "list_objects_v2", Bucket=bucket, Prefix="administration/")["Contents"]
    body = facade.call("s3", REGION, "get_object", Bucket=bucket, Key=sent["Key"])["Body"].read()
    assert set(json.loads(body)["Resources"]) == set(built().resources)


def test_what_was_deployed_is_known_to_be_what_output_says(standing: Path, facade: Aws) -> None:
    stacks = manifest.read(standing).stacks_of("delivery")
    found = stage_status.report(Stage(facade, stacks), read_templates(stacks))
    assert found["stacks"][NAME]["current"]
    assert not any("released" in line for line in stage_status.lines(found))


def test_deploying_again_changes_nothing(standing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy(standing, "--tell-unchanged") is Exit.NOTHING_TO_DO
    assert "delivery  unchanged" in capsys.readouterr().out


def test_an_update_is_read_from_the_bucket_too(standing: Path, facade: Aws, tmp_path: Path) -> None:
    assert deploy(write(tmp_path, 9)) is Exit.DONE
    pipeline = [one for one in facade.resources(REGION, NAME) if one.logical_id == "Pipeline"]
    assert pipeline[0].status in ("UPDATE_COMPLETE", "CREATE_COMPLETE")
    bucket = outputs(facade)["ArtifactBucketName"]
    sent = facade.call("s3", REGION, "list_objects_v2", Bucket=bucket, Prefix="administration/")["Contents"]
    assert len(sent) == 2


def test_a_creation_that_failed_in_its_second_half_goes_on_as_an_update(
    aws: emulator.Emulator, facade: Aws, tmp_path: Path
) -> None:
    failure = {"logical_id": "Pipeline", "operation": "create", "reason": "no pipeline today"}
    aws.set_faults(failures=[failure])
    assert deploy(write(tmp_path)) is Exit.FAILED
    assert held(facade) >= {"ArtifactBucket", "Key"}
    aws.set_faults()
    assert deploy(tmp_path) is Exit.DONE
    assert "Pipeline" in held(facade)
