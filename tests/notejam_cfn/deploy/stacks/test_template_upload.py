"""A template too large for a request: its own stack brings the bucket that CloudFormation reads it from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build
from notejam_cfn.cli.main import main
from notejam_cfn.config import loader
from notejam_cfn.config.settings import Project
from notejam_cfn.deploy import manifest
from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.service import stage_status
from notejam_cfn.deploy.service.stages import Stage
from notejam_cfn.deploy.stacks import template_upload, templates
from notejam_cfn.deploy.stacks.deploy import read_templates
from notejam_cfn.local import emulator

REGION = emulator.REGION
NAME = "notejam-delivery"
Deploy = Callable[..., Exit]


@pytest.fixture
def project() -> Project:
    return project_of(8)


def project_of(count: int) -> Project:
    """Return a project of many stages: with each, the delivery grows."""
    stages = {f"stage{number}": {"region": REGION, "size": "economy"} for number in range(count)}
    return loader.parse({"delivery": {"source": "codecommit"}, "stages": stages})


@pytest.fixture
def output(project: Project, tmp_path: Path) -> Path:
    write(project, tmp_path)
    return tmp_path


def write(project: Project, folder: Path) -> None:
    for path, text in build.files(project, build.compose(project)).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


@pytest.fixture
def deploy(aws: emulator.Emulator, output: Path) -> Deploy:
    """Deploy the delivery's main stack; what the command says goes to the test's own output."""

    def run(*arguments: str) -> Exit:
        return Exit(main(["deploy", "delivery", "--only", "delivery", "--yes", "--output", str(output), *arguments]))

    return run


def held(facade: Aws) -> set[str]:
    return {resource.logical_id for resource in facade.resources(REGION, NAME)}


def test_the_delivery_is_too_large_for_a_request(output: Path) -> None:
    document = templates.parse((output / "delivery.yaml").read_text())
    assert template_upload.is_large(document.body({}))


def test_the_beginning_is_the_bucket_and_its_key(output: Path) -> None:
    beginning = template_upload.beginning(templates.parse((output / "delivery.yaml").read_text()))
    assert set(beginning.resources) == {"ArtifactBucket", "Key"}
    assert not template_upload.is_large(beginning.body({}))


def test_a_new_stack_begins_with_its_bucket_and_ends_whole(deploy: Deploy, facade: Aws, output: Path) -> None:
    assert deploy() is Exit.DONE
    document = templates.parse((output / "delivery.yaml").read_text())
    assert held(facade) == set(document.resources)
    state = facade.stack(REGION, NAME)
    assert state is not None
    assert state.status == "UPDATE_COMPLETE"
    assert state.protected


def test_deploying_again_changes_nothing(deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    deploy()
    capsys.readouterr()
    assert deploy("--tell-unchanged") is Exit.NOTHING_TO_DO
    assert re.search(r"delivery +unchanged", capsys.readouterr().out)


def test_what_was_deployed_is_known_to_be_what_output_says(deploy: Deploy, facade: Aws, output: Path) -> None:
    deploy()
    stacks = manifest.read(output).stacks_of("delivery")
    found = stage_status.report(Stage(facade, stacks), read_templates(stacks))
    assert found["stacks"][NAME]["current"]
    assert not any("released" in line for line in stage_status.lines(found))


def test_an_update_is_read_from_the_bucket_too(deploy: Deploy, facade: Aws, output: Path) -> None:
    deploy()
    write(project_of(9), output)
    assert deploy() is Exit.DONE
    pipeline = [one for one in facade.resources(REGION, NAME) if one.logical_id == "Pipeline"]
    assert pipeline[0].status in ("UPDATE_COMPLETE", "CREATE_COMPLETE")
    bucket = outputs(facade)["ArtifactBucketName"]
    sent = facade.call("s3", REGION, "list_objects_v2", Bucket=bucket, Prefix="administration/")["Contents"]
    assert len(sent) == 2


def test_a_creation_that_failed_in_its_second_half_goes_on_as_an_update(
    deploy: Deploy, facade: Aws, aws: emulator.Emulator
) -> None:
    failure = {"logical_id": "Pipeline", "operation": "create", "reason": "no pipeline today"}
    aws.set_faults(failures=[failure])
    assert deploy() is Exit.FAILED
    assert held(facade) >= {"ArtifactBucket", "Key"}
    aws.set_faults()
    assert deploy() is Exit.DONE
    assert "Pipeline" in held(facade)


def outputs(facade: Aws) -> dict[str, Any]:
    state = facade.stack(REGION, NAME)
    assert state is not None
    return dict(state.outputs)


def test_what_was_sent_is_what_was_built(deploy: Deploy, facade: Aws, output: Path) -> None:
    deploy()
    bucket = outputs(facade)["ArtifactBucketName"]
    (sent,) = facade.call("s3", REGION, "list_objects_v2", Bucket=bucket, Prefix="administration/")["Contents"]
    body = facade.call("s3", REGION, "get_object", Bucket=bucket, Key=sent["Key"])["Body"].read()
    built = templates.parse((output / "delivery.yaml").read_text()).document
    assert set(json.loads(body)["Resources"]) == set(built["Resources"])
