"""A trial on an account, which the emulator stands for: AWS's part, scaling and time, is played by `World`."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.build import build, output
from notejam_cfn.config.loader import load, parse
from notejam_cfn.deploy.aws.client import Access, Aws
from notejam_cfn.deploy.exit_codes import BadInput
from notejam_cfn.deploy.manifest import read
from notejam_cfn.deploy.ui.progress import Silent
from notejam_cfn.local.emulator import Emulator
from notejam_cfn.local.entrance.smoke_client import SmokeError
from notejam_cfn.local.on_aws import preview, proof, trial
from notejam_cfn.local.on_aws import steps as steps_of_a_trial
from notejam_cfn.local.on_aws.trial import State, Trial, TrialError

ROOT = Path(__file__).parents[4]
IMAGE = "example.com/notes@sha256:" + "1" * 64
ACCOUNT = {"email": "visitor@example.com", "password": "secret"}


@dataclasses.dataclass
class World:
    """Who visits the pages, and what happens while a trial waits: ECS brings as many tasks as are asked for."""

    aws: Emulator
    wrong: tuple[str, ...] = ()
    sleeps: bool = True
    forgets: bool = False
    ends: bool = True
    passed: float = 0.0
    visits: list[str] = dataclasses.field(default_factory=list)
    asked: bool = False
    clients: dict[str, Any] = dataclasses.field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.aws.client(service)
        return self.clients[service]

    def wait(self, url: str) -> Iterable[str]:
        self.asked = True
        return [f"{url}/ {one}" for one in self.wrong]

    def write(self, url: str) -> dict[str, str]:
        self.visits.append("write")
        return ACCOUNT

    def find(self, url: str, account: Any) -> None:
        assert account == ACCOUNT
        self.visits.append("find")
        if self.forgets:
            raise SmokeError("/ answers 200 without 'First note'")

    def pause(self, seconds: float) -> None:
        """Be what AWS does in that time: schedules, and Application Auto Scaling.

        That keeps the minimum of tasks, or none when nobody has asked.
        """
        self.passed += seconds
        if self.ends:
            self.end_previews()
        ecs = self.client("ecs")
        clusters = ecs.list_clusters()["clusterArns"]
        if not clusters:
            return
        (cluster,) = clusters
        services = ecs.list_services(cluster=cluster)["serviceArns"]
        (service,) = [arn for arn in services if "-preview-" not in arn]
        tasks = max(self.least(), 0 if self.sleeps and not self.asked else 1)
        ecs.update_service(cluster=cluster, service=service, desiredCount=tasks)
        self.asked = False

    def end_previews(self) -> None:
        """Be EventBridge Scheduler: delete the stacks of previews whose hour has come."""
        scheduler = self.client("scheduler")
        now = datetime.now(UTC) + timedelta(seconds=self.passed)
        for one in scheduler.list_schedules()["Schedules"]:
            found = scheduler.get_schedule(Name=one["Name"])
            hour = re.fullmatch(r"at\((.*)\)", found["ScheduleExpression"])
            if hour and datetime.fromisoformat(hour[1]).replace(tzinfo=UTC) <= now:
                self.client("cloudformation").delete_stack(**json.loads(found["Target"]["Input"]))

    def least(self) -> int:
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        given = {one["ParameterKey"]: one["ParameterValue"] for stack in found for one in stack.get("Parameters", ())}
        return int(given["MinTasks"])


def begin(aws: Emulator, folder: Path, world: World | None = None, image: str = IMAGE) -> tuple[Trial, list[str]]:
    told: list[str] = []
    state, place = trial.prepare(load(ROOT / "notejam.toml"), "dev", image, folder)
    access = Access(endpoint_url=aws.url, keys=aws.keys)
    played = world or World(aws)
    return Trial(Aws(access), state, place, Silent, told.append, played, played.pause), told


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trial that was begun without an image, and has made nothing yet."""
    folder = tmp_path_factory.mktemp("prepared")
    trial.prepare(load(ROOT / "notejam.toml"), "dev", "", folder)
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it, where a test goes on with the trial."""
    return Path(shutil.copytree(prepared, tmp_path / "trials"))


def stacks(aws: Emulator) -> list[str]:
    return [stack["StackName"] for stack in aws.client("cloudformation").describe_stacks()["Stacks"]]


def steps(told: list[str]) -> list[str]:
    return [line.partition(":")[0] for line in told]


def test_a_trial_whose_name_leaves_a_stage_no_room_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    stage = "s" * 20
    project = parse({"project": {"name": "short"}, "stages": {stage: {"region": "eu-central-1"}}})
    with pytest.raises(TrialError, match=r"a trial names the project try-\w+; a stage's name .* at most 26 .* got 28"):
        trial.prepare(project, stage, IMAGE, tmp_path)
    assert not list(tmp_path.iterdir())


# The restore updates the service too; the second update is that with an image that is not there.
MISSING_IMAGE = {"logical_id": "WebService", "operation": "update", "reason": "no image", "times": 1, "skip": 1}


def test_a_trial_does_every_step_and_leaves_nothing(aws: Emulator, folder: Path) -> None:
    aws.set_faults(failures=[MISSING_IMAGE])
    world = World(aws)
    run, told = begin(aws, folder, world)
    run.run()
    assert steps(told) == list(trial.STEPS)
    assert stacks(aws) == []
    assert world.visits == ["write", "write", "find", "write"]
    notes = {name: one["note"] for name, one in run.state.done.items()}
    assert "MaxTasks=5 replaced nothing" in notes["sizes"]
    assert "with the note; 1 older cluster" in notes["restore"]
    assert "the image before runs" in notes["failure"]
    assert re.search(r"answered at https://\S+ after \d+ s, kept a note, and ended by itself at 20", notes["preview"])
    assert "slept after 10 quiet minutes" in notes["sleep"]
    assert "nothing is left in eu-central-1" in notes["left"]
    text = proof.write(run.state, "eu-central-1", aws.account, folder / "proven").read_text()
    assert "| sizes |" in text
    assert "nothing, in the steps that were tried" in text


@pytest.fixture(scope="module")
def deployed(
    running_emulator: Emulator, prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Trial, World]:
    """A trial that has released its image, for tests that leave it so."""
    running_emulator.reset()
    world = World(running_emulator)
    folder = Path(shutil.copytree(prepared, tmp_path_factory.mktemp("trial") / "trials"))
    run, _ = begin(running_emulator, folder, world)
    run.run(["deploy", "release"])
    return run, world


def test_tasks_that_do_not_stop_are_told(deployed: tuple[Trial, World], monkeypatch: pytest.MonkeyPatch) -> None:
    run, world = deployed
    world.sleeps = False
    monkeypatch.setattr(steps_of_a_trial, "NOTICING_MINUTES", -8)
    with pytest.raises(TrialError, match="tasks still run after 2 minutes"):
        run.steps.sleep()
    world.sleeps = True


def test_a_note_that_a_restore_loses_is_told(deployed: tuple[Trial, World]) -> None:
    run, world = deployed
    world.forgets = True
    with pytest.raises(TrialError, match="without 'First note'"):
        run.steps.restore()
    world.forgets = False
    assert "with the note" in run.steps.restore(), "the second run goes on with the snapshot of the first"
    assert world.visits.count("write") == 1


def test_a_preview_that_does_not_end_is_told(deployed: tuple[Trial, World], monkeypatch: pytest.MonkeyPatch) -> None:
    run, world = deployed
    world.ends = False
    monkeypatch.setattr(preview, "REMOVING_MINUTES", -3)
    with pytest.raises(TrialError, match=r"try-\w+-dev-preview-trial is still there after 2 minutes"):
        run.steps.preview()
    world.ends = True


def test_a_missing_image_that_is_deployed_all_the_same_is_told(deployed: tuple[Trial, World]) -> None:
    run, _ = deployed
    with pytest.raises(TrialError, match=r"sha256:0+ was deployed as if it were there"):
        run.steps.failure()


def test_what_was_cut_off_goes_on_and_what_failed_is_removed(
    deployed: tuple[Trial, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial is cut off in a step, goes on under its name, finds a page that is wrong, and removes everything."""
    first, world = deployed

    def interrupted(url: str) -> dict[str, str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(world, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        first.run(["walk"])
    monkeypatch.undo()
    second, told = begin(world.aws, first.folder.parent, dataclasses.replace(world, wrong=("answers 502",)))
    assert second.state.project == first.state.project
    with pytest.raises(TrialError, match=r"walk failed: https?://.*/ answers 502"):
        second.run()
    assert steps(told) == ["walk", "destroy", "left"]
    assert stacks(world.aws) == []
    assert begin(world.aws, first.folder.parent)[0].state.project != first.state.project, "this one is over"


def test_what_is_left_is_named(aws: Emulator, folder: Path) -> None:
    run, _ = begin(aws, folder)
    topic = aws.client("sns").create_topic(Name="forgotten", Tags=[{"Key": "project", "Value": run.state.project}])
    assert topic["TopicArn"].endswith("forgotten")
    with pytest.raises(TrialError, match=r"these are left, delete them: arn:.*forgotten"):
        run.run(["left"])


def test_its_templates_are_the_configurations_under_another_name(aws: Emulator, tmp_path: Path) -> None:
    run, _ = begin(aws, tmp_path)
    assert all(stack.name.startswith(f"{run.state.project}-dev-") for stack in run.stacks)
    assert {stack.tags["project"] for stack in run.stacks} == {run.state.project}
    assert State(**json.loads((run.folder / trial.STATE).read_text())).facts == {"image": IMAGE}


def test_steps_that_need_an_image_are_not_tried_without(aws: Emulator, folder: Path) -> None:
    run, told = begin(aws, folder, image="")
    run.run(["release", "walk", "scale", "restore", "failure", "preview", "sleep"])
    assert len(told) == 7
    assert all("not tried: no image was given" in line for line in told)
    assert run.minutes(["walk", "sleep"]) == 0
    text = proof.write(run.state, "eu-central-1", aws.account, folder / "proven", emulated=True).read_text()
    assert "| walk |  | not tried: no image was given (--image-uri) |" in text


def test_what_is_made_counts_a_preview_only_where_one_is_tried(aws: Emulator, folder: Path) -> None:
    run, _ = begin(aws, folder)
    made = {stack.name.partition("-dev")[2] for stack in run.made()}
    assert {"-preview-trial", "-service"} <= made
    assert run.made(["walk"]) == run.stacks
    assert any("delivery-in-dev" in stack.name for stack in run.made(["preview"]))


def test_only_the_stages_own_access_is_made_though_another_is_called_alike(tmp_path: Path) -> None:
    table = {"region": "eu-central-1", "previews": {"enabled": True}}
    project = parse({"stages": {"dev": table, "devops": table}})
    output.write(tmp_path, build.files(project, build.compose(project)))
    access = preview.access(read(tmp_path), "dev")
    assert [stack.name for stack in access] == ["notejam-delivery-in-dev", "notejam-delivery-in-dev-previews"]


def test_a_stage_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="staging"):
        trial.prepare(load(ROOT / "notejam.toml"), "staging", "", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_step_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(BadInput, match="there is no step walks"):
        trial.require_known(["walk", "walks"])


def test_the_readme_says_what_the_newest_trial_on_aws_has_shown(tmp_path: Path) -> None:
    readme, proven = tmp_path / "README.md", tmp_path / "proven"
    readme.write_text(f"**Status:** {proof.UNPROVEN} More.\n")
    state = State("trial-1", "dev", 1_800_000_000.0)
    proof.write(state, "eu-central-1", "123456789012", proven, emulated=True)
    assert proof.status(proven) == proof.UNPROVEN
    proof.write(state, "us-east-1", "123456789012", proven)
    proof.tell(readme, proven)
    page = "[what happened](docs/proven/2027-01-15-us-east-1.md)"
    assert readme.read_text() == f"**Status:** tried on AWS on 2027-01-15 in us-east-1: {page}. More.\n"
