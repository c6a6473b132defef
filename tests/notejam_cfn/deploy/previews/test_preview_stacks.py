"""What can be asked of a preview: its name, its hour, and where there can be one."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from notejam_cfn.cli.main import main
from notejam_cfn.deploy.exit_codes import BadInput, Exit, Refused
from notejam_cfn.deploy.manifest import Manifest, read
from notejam_cfn.deploy.previews import previews
from tests.notejam_cfn.deploy.fakes import CannedAws

NOW = datetime.datetime(2026, 11, 25, 10, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read(Path(__file__).parents[4] / "output")


def test_a_preview_is_one_stack_marked_as_its_own(manifest: Manifest) -> None:
    found = previews.spec(manifest, "dev", "alice")
    assert found.name == "notejam-dev-preview-alice"
    assert found.tags == {"project": "notejam", "stage": "dev", "preview": "alice"}
    assert not found.protected
    assert not found.capabilities


@pytest.mark.parametrize("name", ["Alice", "1st", "a" * 21, "a_b", ""])
def test_other_names_are_refused(manifest: Manifest, name: str) -> None:
    with pytest.raises(BadInput, match="--preview takes 1 to 20"):
        previews.spec(manifest, "dev", name)


def test_a_stage_that_allows_none_says_how_it_would(manifest: Manifest) -> None:
    with pytest.raises(BadInput, match="prod allows no previews") as refused:
        previews.spec(manifest, "prod", "alice")
    assert "previews.enabled = true" in refused.value.advice[0]


@pytest.mark.parametrize(("text", "hours"), [("90m", 1.5), ("8h", 8), ("2d", 48), ("7d", 168)])
def test_a_preview_ends_when_it_is_told(text: str, hours: float) -> None:
    assert previews.end(text, NOW) - NOW == datetime.timedelta(hours=hours)


@pytest.mark.parametrize("text", ["8", "0h", "30s", "-1h", "8d", "169h", "soon", ""])
def test_no_time_and_more_than_a_week_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="--expires takes"):
        previews.end(text, NOW)


def test_previews_are_in_no_deployment_of_their_stage(manifest: Manifest) -> None:
    assert previews.FORM not in {stack.form for stack in manifest.stacks_of("dev")}


ALICE = {
    "StackName": "notejam-dev-preview-alice",
    "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/notejam-dev-preview-alice/1",
    "StackStatus": "CREATE_COMPLETE",
    "CreationTime": NOW,
    "Tags": [
        {"Key": key, "Value": value}
        for key, value in {"project": "notejam", "stage": "dev", "preview": "alice", "owner": "al"}.items()
    ],
}


def test_a_name_that_no_preview_has_is_answered_with_those_there_are(manifest: Manifest) -> None:
    aws = CannedAws(describe_stacks={"Stacks": [ALICE]})
    previews.require_there(aws, previews.spec(manifest, "dev", "alice"))
    with pytest.raises(BadInput, match="dev has no preview alcie, or not any more") as refused:
        previews.require_there(aws, previews.spec(manifest, "dev", "alcie"))
    assert refused.value.advice == ("There are: alice",)


def test_a_stage_is_not_removed_below_its_previews(manifest: Manifest) -> None:
    with pytest.raises(Refused, match=r"dev still has previews: alice \(al\)"):
        previews.refuse_while_there(CannedAws(describe_stacks={"Stacks": [ALICE]}), manifest, "dev")
    previews.refuse_while_there(CannedAws(describe_stacks={"Stacks": []}), manifest, "dev")
    previews.refuse_while_there(CannedAws(), manifest, "prod")


@pytest.mark.parametrize("more", [["--expires", "8h"], ["--preview", "alice", "--only", "service"]])
def test_options_that_do_not_go_together_are_refused(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deploy", "dev", *more]) == Exit.BAD_INPUT
    assert "preview" in capsys.readouterr().err
