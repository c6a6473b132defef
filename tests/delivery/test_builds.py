"""The pipeline's builds, each in a clean root as CodeBuild runs it."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build as building
from notejam_cfn.config import loader
from notejam_cfn.local.emulator import Emulator
from tests.harness.codebuild import build, services
from tests.harness.codebuild.machine import Machine, missing

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PROJECT = {
    "delivery": {"repository": "o/n", "region": "eu-central-1"},
    "stages": {
        "dev": {"region": "eu-central-1", "network": {"egress": "nat"}, "cdn": {"enabled": False}},
        "far": {"region": "eu-west-1", "network": {"egress": "nat"}, "cdn": {"enabled": False}},
    },
}
REGIONS = ("eu-central-1", "eu-west-1")
# The application's own Dockerfile is built by other tests; what the build does with an image is the same for this one.
DOCKERFILE = """ARG BASE=scratch
FROM ${BASE} AS build
COPY app/__init__.py /srv/
FROM scratch
COPY --from=build /srv /srv
USER 10001:10001
"""
# Stands before the real python: nothing in the emulator answers the smoke test.
ANSWERS = """#!/bin/bash
case "$*" in "-m notejam_cfn smoke"*) exit ;; esac
exec /python/bin/python3 "$@"
"""


@dataclasses.dataclass
class Pipeline:
    """The account, a checkout, and the machine that builds run on."""

    aws: Emulator
    machine: Machine
    services: services.Services
    folder: Path

    def run(self, name: str, project: str, installed: bool = False, **given: str) -> build.Build:
        """Run a buildspec in a new checkout, in the role of a project and with the variables that it is given."""
        source = self.folder / f"source-{project}-{given.get('STEP', '')}"
        check_out(source)
        deployed = self.project(project)
        self.services.work_as(deployed["serviceRole"])
        own = {one["name"]: one["value"] for one in deployed["environment"].get("environmentVariables", ())}
        told = {"CODEBUILD_BUILD_NUMBER": "7", "CODEBUILD_BUILD_URL": "https://build.example.com/1"}
        return build.run(
            source / "delivery" / f"{name}.yml",
            source,
            self.machine,
            {**self.services.environment(), **told, **own, **given},
            installed,
        )

    def parameter(self, stack: str, name: str) -> str:
        found = self.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Parameters"]
        return next(str(one["ParameterValue"]) for one in found if one["ParameterKey"] == name)

    def project(self, name: str) -> dict[str, Any]:
        found = self.aws.client("codebuild").batch_get_projects(names=[f"notejam-delivery-{name}"])["projects"]
        return dict(found[0])

    def hand_over(self, plan: Path) -> str:
        """Put a plan where the next build finds it, and return that folder as the build sees it."""
        shutil.copyfile(plan, self.machine.work / "inputs" / "plan.json")
        return "/codebuild/input"


@functools.cache
def composed() -> list[building.Rendered]:
    return building.compose(loader.parse(PROJECT))


@functools.cache
def packed() -> bytes:
    """What git knows and these builds read, as an archive."""
    listing = ["git", "ls-files", "-z", "--", ".", *(f":!{folder}" for folder in ("output", "tests", "docs", "tools"))]
    known = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout
    command = ["tar", "--create", "--null", "--files-from=-", "--ignore-failed-read"]
    return subprocess.run(command, cwd=ROOT, input=known, capture_output=True).stdout


def check_out(source: Path) -> None:
    """Unpack a checkout, with the templates of this test's project and a small application."""
    source.mkdir()
    subprocess.run(["tar", "--extract", "--directory", str(source)], input=packed(), check=True)
    (source / "app" / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    project = loader.parse(PROJECT)
    for path, text in building.files(project, composed()).items():
        (source / "output" / path).parent.mkdir(parents=True, exist_ok=True)
        (source / "output" / path).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def pipeline(running_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    lacking = missing()
    if lacking:
        pytest.skip(lacking)
    folder = tmp_path_factory.mktemp("builds")
    running_emulator.reset()
    for one in composed():
        if one.stack.layer == "network" or one.stack.layer.startswith("delivery"):
            running_emulator.deploy(one.stack.name, dict(one.body), region=one.stack.region, tags=one.stack.tags)
    machine = Machine.new(folder / "machine")
    (machine.work / "python" / "bin" / "python").unlink()
    (machine.work / "python" / "bin" / "python").write_text(ANSWERS, encoding="utf-8")
    (machine.work / "python" / "bin" / "python").chmod(0o755)
    with services.serving(running_emulator) as served:
        yield Pipeline(running_emulator, machine, served, folder)


def test_a_release_goes_from_its_sources_to_a_marked_image(pipeline: Pipeline) -> None:
    """One test, since each build stands on the one before."""
    image = pipeline.run("image", "image")
    assert image.failed == "", image.log
    uri, release = image.variables["IMAGE_URI"], image.variables["RELEASE"]
    assert {digest_of(pipeline.aws, region, release) for region in REGIONS} == {uri.partition("@")[2]}

    access = "arn:aws:iam::123456789012:role/notejam-delivery-in-dev-eu-central-1"
    told = {"STAGE": "dev", "ACCESS": access, "REPOSITORY_URI": uri.partition("@")[0], "IMAGE_URI": uri}
    plan = pipeline.run("plan", "plan", **told)
    assert plan.failed == "", plan.log
    assert set(plan.variables) == {"DIGEST", "SUMMARY", "DETAILS_URL"}
    assert plan.variables["SUMMARY"].startswith("dev: ")
    assert "out of date" not in plan.variables["SUMMARY"]

    at = {"CODEBUILD_SRC_DIR_Plan_dev": pipeline.hand_over(plan.artifacts["plan.json"])}
    step = told | at | {"DIGEST": plan.variables["DIGEST"]}
    deployed = pipeline.run("deploy", "deploy-dev", STEP="deploy", **step)
    assert deployed.failed == "", deployed.log
    assert pipeline.parameter("notejam-dev-service", "ImageUri") == uri
    smoke = pipeline.run("deploy", "deploy-dev", installed=True, STEP="smoke", **step)
    assert smoke.failed == "", smoke.log
    assert digest_of(pipeline.aws, "eu-central-1", "stage-dev") == uri.partition("@")[2]


def digest_of(aws: Emulator, region: str, tag: str) -> str:
    """The digest of the image that has a tag, in the one repository of a region."""
    ecr = aws.client("ecr", region)
    (repository,) = ecr.describe_repositories()["repositories"]
    asked = {"repositoryName": repository["repositoryName"], "imageIds": [{"imageTag": tag}]}
    return str(ecr.describe_images(**asked)["imageDetails"][0]["imageDigest"])


def test_a_failing_command_ends_its_phase_and_the_build(pipeline: Pipeline) -> None:
    source = pipeline.folder / "failing"
    source.mkdir()
    spec = {
        "version": 0.2,
        "env": {"shell": "bash", "exported-variables": ["KEPT", "LOST"]},
        "phases": {
            "install": {"commands": ["LOST=1", "export KEPT=1", 'test "$LOST"']},
            "build": {"commands": ['test "$KEPT" && ! test "$LOST"', "false", "echo never"]},
            "post_build": {"commands": ["echo afterwards"]},
        },
    }
    (source / "spec.yml").write_text(json.dumps(spec), encoding="utf-8")
    ended = build.run(source / "spec.yml", source, pipeline.machine, {})
    assert (ended.failed, ended.log, dict(ended.variables)) == ("build", "afterwards\n", {"KEPT": "1"})
