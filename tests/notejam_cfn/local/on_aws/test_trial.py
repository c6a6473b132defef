"""A trial on an account, which the emulator stands for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from notejam_cfn.config.loader import load
from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.deploy.ui.progress import Silent
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.local.on_aws import proof, trial
from notejam_cfn.local.on_aws.trial import State, Trial, TrialError

ROOT = Path(__file__).parents[4]
IMAGE = "example.com/notes@sha256:" + "1" * 64


def begin(
    aws: Emulator, folder: Path, walk: trial.Walk = lambda url: (), image: str = IMAGE
) -> tuple[Trial, list[str]]:
    told: list[str] = []
    state, place = trial.prepare(load(ROOT / "notejam.toml"), "dev", image, folder)
    access = Access(endpoint_url=aws.url, keys=aws.keys)
    return Trial(Aws(access), state, place, Silent, told.append, walk), told


def stacks(aws: Emulator) -> list[str]:
    found = aws.client("cloudformation").describe_stacks()["Stacks"]
    return [stack["StackName"] for stack in found]


def test_a_trial_does_every_step_and_leaves_nothing(aws: Emulator, tmp_path: Path) -> None:
    run, _ = begin(aws, tmp_path)
    run.run()
    assert list(run.state.done) == list(run.steps)
    assert stacks(aws) == []
    text = proof.write(run.state, "eu-central-1", aws.account, tmp_path / "proven").read_text()
    assert "| sizes |" in text
    assert "replaced nothing" in text
    assert "nothing is left in eu-central-1" in text


def test_a_failure_is_told_and_the_stage_is_still_removed(aws: Emulator, tmp_path: Path) -> None:
    def broken(url: str) -> Iterator[str]:
        yield f"{url}/ answers 502"

    run, told = begin(aws, tmp_path, broken)
    with pytest.raises(TrialError, match=r"walk failed: https?://.*/ answers 502"):
        run.run()
    assert stacks(aws) == []
    assert "sizes" not in run.state.done
    assert [line.partition(":")[0] for line in told] == ["deploy", "release", "walk", "destroy", "left"]


def test_a_trial_that_was_cut_off_goes_on_under_the_same_name(aws: Emulator, tmp_path: Path) -> None:
    first, _ = begin(aws, tmp_path)
    first.run(["deploy"])
    second, told = begin(aws, tmp_path)
    assert second.state.project == first.state.project
    second.run(["release", "destroy", "left"])
    assert [line.partition(":")[0] for line in told] == ["release", "destroy", "left"]
    assert trial.prepare(load(ROOT / "notejam.toml"), "dev", "", tmp_path)[0].project != first.state.project


def test_what_is_left_is_named(aws: Emulator, tmp_path: Path) -> None:
    run, _ = begin(aws, tmp_path)
    topic = aws.client("sns").create_topic(Name="forgotten", Tags=[{"Key": "project", "Value": run.state.project}])
    assert topic["TopicArn"].endswith("forgotten")
    with pytest.raises(TrialError, match=r"these are left, delete them: arn:.*forgotten"):
        run.run(["left"])


def test_its_templates_are_the_configurations_under_another_name(aws: Emulator, tmp_path: Path) -> None:
    run, _ = begin(aws, tmp_path)
    assert all(stack.name.startswith(f"{run.state.project}-dev-") for stack in run.stacks)
    assert {stack.tags["project"] for stack in run.stacks} == {run.state.project}
    assert State(**json.loads((run.folder / trial.STATE).read_text())).image == IMAGE
