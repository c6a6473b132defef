"""What a push to CodeCommit starts: real commits, compared by git, told to the state machine that the emulator runs.

The emulator has no CodeCommit: the machine gets git's own comparison in the form of CodeCommit's answer, by way of the
file of answers that AWS's own Step Functions Local takes ("Testing state machines with mocked service integrations").
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.components.pipeline.pipeline import push_filter
from notejam_cfn.config.loader import parse
from notejam_cfn.local import emulator
from notejam_cfn.stacks import Stack, stacks_of

Files = dict[str, str | None]
Answer = dict[str, Any]

BEFORE: Files = {
    "README.md": "Notes",
    "app/main.py": "print('notes')",
    "docs/guide.md": "How to",
    "docs/tools/check.py": "print('checked')",
    "app/pages/notes/why.md": "Because",
}
# What a push changes (no content: the file goes), and whether it starts the pipeline.
PUSHES: dict[str, tuple[Files, bool]] = {
    "documentation": ({"docs/guide.md": "How to do it"}, False),
    "a picture of the documentation": ({"docs/images/flow/page.png": "1"}, False),
    "a page at the top": ({"README.md": "Notes and pads"}, False),
    "a page deep in a folder of code": ({"app/pages/notes/why.md": "Because of that"}, False),
    "documentation that goes": ({"docs/guide.md": None}, False),
    "documentation that moves within it": ({"docs/guide.md": None, "docs/start/guide.md": "How to"}, False),
    "code": ({"app/main.py": "print('pads')"}, True),
    "code that goes": ({"app/main.py": None}, True),
    "documentation and code": ({"docs/guide.md": "How", "app/new.py": "1"}, True),
    "code that moves out of the documentation": (
        {"docs/tools/check.py": None, "app/check.py": "print('checked')"},
        True,
    ),
    "code that moves into the documentation": ({"app/main.py": None, "docs/main.py": "print('notes')"}, True),
    "a name that begins like an ignored one": ({"docs.py": "1", "docsite/a": "1"}, True),
    "a name that ends almost like an ignored one": ({"app/page.mdx": "1"}, True),
    "as many pages as an answer holds": ({f"docs/{number}": "1" for number in range(100)}, False),
    "one page more than an answer holds": ({f"docs/{number}": "1" for number in range(101)}, True),
    "nothing, to start the pipeline by hand": ({}, True),
}


class Repository:
    """A git repository with one commit, and the comparison of two commits as CodeCommit answers it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet")
        self.first = self.commit(BEFORE)

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com", "-c", "commit.gpgsign=false")
        command = ["git", *identity, *arguments]
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: Files, on: str = "") -> str:
        """Commit files, on top of the commit named or the last one, and return the commit's id."""
        if on:
            self.git("reset", "--quiet", "--hard", on)
        for name, content in files.items():
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content) if content else file.unlink()
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Change")
        return self.git("rev-parse", "HEAD")

    def compared(self, before: str, after: str, *options: str) -> Answer:
        """Return the first page of what differs. With `-M` a file that moved is one difference, else it is two."""
        raw = self.git("diff-tree", "-r", "-z", "--raw", *options, before, after).rstrip("\0")
        differences = list(_differences(iter(raw.split("\0")))) if raw else []
        more = {"NextToken": "page 2"} if len(differences) > push_filter.MOST_DIFFERENCES else {}
        return {"Differences": differences[: push_filter.MOST_DIFFERENCES], **more}


def _differences(fields: Iterator[str]) -> Iterator[Answer]:
    """Read git's lines: modes and ids of both sides and what happened, then one path, or two when it moved."""
    for line in fields:
        old_mode, new_mode, old_id, new_id, status = line.removeprefix(":").split(" ")
        old_path = next(fields)
        new_path = next(fields) if status.startswith("R") else old_path
        difference: Answer = {"ChangeType": "M" if status.startswith("R") else status}
        if status != "A":
            difference["BeforeBlob"] = {"BlobId": old_id, "Mode": old_mode, "Path": old_path}
        if status != "D":
            difference["AfterBlob"] = {"BlobId": new_id, "Mode": new_mode, "Path": new_path}
        yield difference


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("repository"))


@dataclasses.dataclass(frozen=True)
class Deployed:
    """The delivery in the emulator, and its machine."""

    aws: emulator.Emulator
    machine_arn: str

    def definition(self) -> dict[str, Any]:
        """The machine as it was created, with what CloudFormation filled in."""
        found = self.aws.client("stepfunctions").describe_state_machine(stateMachineArn=self.machine_arn)
        return dict(json.loads(found["definition"]))

    def run(self, event: dict[str, Any], **answers: Answer) -> tuple[str, list[str]]:
        """Run the machine on an event, and return how it ended and the states it went through."""
        sfn = self.aws.client("stepfunctions")
        self._answer(answers)
        arn = sfn.start_execution(stateMachineArn=f"{self.machine_arn}#case", input=json.dumps(event))["executionArn"]
        while (status := sfn.describe_execution(executionArn=arn)["status"]) == "RUNNING":
            time.sleep(0.01)
        history = sfn.get_execution_history(executionArn=arn)["events"]
        return status, [one["stateEnteredEventDetails"]["name"] for one in history if "Entered" in one["type"]]

    def _answer(self, answers: dict[str, Answer]) -> None:
        mocked = {
            "StateMachines": {
                self.machine_arn.rpartition(":")[2]: {"TestCases": {"case": {key: key for key in answers}}}
            },
            "MockedResponses": {key: {"0": answer} for key, answer in answers.items()},
        }
        settings = {"stepfunctions._SFN_WAIT_SCALE": 0, "stepfunctions._sfn_mock_config": mocked}
        body = json.dumps(settings).encode()
        urllib.request.urlopen(f"{self.aws.url}/_ministack/config", body, timeout=10).close()

    def matches(self, rule: str, event: dict[str, Any]) -> bool:
        """Tell whether a rule of the stack matches an event."""
        events = self.aws.client("events")
        (found,) = (one for one in events.list_rules()["Rules"] if f"-{rule}-" in one["Name"])
        asked = json.dumps({"account": "1", "region": "r", "time": "2026-11-24T12:00:00Z", "resources": []} | event)
        return bool(events.test_event_pattern(EventPattern=found["EventPattern"], Event=asked)["Result"])


def composed(**delivery: Any) -> Stack:
    stages = {"dev": {"region": "eu-central-1", "size": "economy"}}
    stacks = stacks_of(parse({"project": {"name": "notejam"}, "delivery": delivery, "stages": stages}))
    (stack,) = (one for one in stacks if one.layer == "delivery")
    return stack


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    stack = composed()
    with emulator.running() as aws:
        aws.deploy(stack.name, stack.template.to_dict())
        (machine,) = aws.client("stepfunctions").list_state_machines()["stateMachines"]
        yield Deployed(aws, machine["stateMachineArn"])


STARTED: Answer = {"Return": {"PipelineExecutionId": "12345678-1234-5678-abcd-12345678abcd"}}
REFUSED: Answer = {"Throw": {"Error": "CodePipeline.PipelineNotFoundException", "Cause": "no such pipeline"}}


def push(before: str | None, after: str) -> dict[str, Any]:
    """CodeCommit's event of a push, as it came from a real one. A new branch was nowhere before."""
    detail = {
        "callerUserArn": "arn:aws:iam::123456789012:user/alice",
        "commitId": after,
        "event": "referenceUpdated" if before else "referenceCreated",
        "referenceFullName": "refs/heads/main",
        "referenceName": "main",
        "referenceType": "branch",
        "repositoryId": "12345678-1234-5678-abcd-12345678abcd",
        "repositoryName": "notejam",
    }
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "CodeCommit Repository State Change",
        "source": "aws.codecommit",
        "resources": ["arn:aws:codecommit:eu-central-1:123456789012:notejam"],
        "detail": detail | ({"oldCommitId": before} if before else {}),
    }


def is_started(deployed: Deployed, event: dict[str, Any], compared: Answer) -> bool:
    status, states = deployed.run(event, CompareCommits=compared, StartPipeline=STARTED)
    assert status == "SUCCEEDED"
    assert states[-1] in ("StartPipeline", "Ignored")
    return states[-1] == "StartPipeline"


@pytest.mark.parametrize("moves", ["-M", "--no-renames"])
@pytest.mark.parametrize("what", PUSHES)
def test_a_push_starts_the_pipeline_unless_all_it_changes_is_ignored(
    deployed: Deployed, repository: Repository, what: str, moves: str
) -> None:
    files, starts = PUSHES[what]
    after = repository.commit(files, on=repository.first)
    compared = repository.compared(repository.first, after, moves)
    assert is_started(deployed, push(repository.first, after), {"Return": compared}) is starts


def test_a_new_branch_starts_the_pipeline_without_a_comparison(deployed: Deployed, repository: Repository) -> None:
    status, states = deployed.run(push(None, repository.first), StartPipeline=STARTED)
    assert (status, states) == ("SUCCEEDED", ["IsUpdate", "StartPipeline"])


def test_a_forced_push_counts_for_what_it_changes(deployed: Deployed, repository: Repository) -> None:
    code = repository.commit({"app/main.py": "print('pads')"}, on=repository.first)
    pages = repository.commit({"docs/guide.md": "How"}, on=repository.first)
    other_pages = repository.commit({"docs/guide.md": "Why"}, on=repository.first)
    for before, after, starts in ((code, pages, True), (pages, code, True), (pages, other_pages, False)):
        compared = {"Return": repository.compared(before, after)}
        assert is_started(deployed, push(before, after), compared) is starts


def test_what_cannot_be_compared_starts_the_pipeline(deployed: Deployed, repository: Repository) -> None:
    gone = {"Error": "CodeCommit.CommitDoesNotExistException", "Cause": "The commit does not exist"}
    assert is_started(deployed, push("0" * 40, repository.first), {"Throw": gone})


def test_when_the_machine_fails_the_event_of_that_starts_the_pipeline(
    deployed: Deployed, repository: Repository
) -> None:
    status, _ = deployed.run(push(None, repository.first), StartPipeline=REFUSED)
    detail = {"stateMachineArn": deployed.machine_arn, "status": status}
    event = {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}
    assert deployed.matches("StartInDoubt", event)
    assert not deployed.matches("StartInDoubt", event | {"detail": detail | {"status": "SUCCEEDED"}})
    assert not deployed.matches("StartInDoubt", event | {"detail": detail | {"stateMachineArn": "another"}})


def test_the_machine_asks_for_what_the_services_take(deployed: Deployed) -> None:
    """Each call's arguments, worked out by the emulator for a real event, are valid requests of the newest API."""
    event, sfn = push("a" * 40, "b" * 40), deployed.aws.client("stepfunctions")
    for service, state in (("codecommit", "CompareCommits"), ("codepipeline", "StartPipeline")):
        call = deployed.definition()["States"][state]
        said = {"Type": "Pass", "Output": call["Arguments"], "End": True}
        machine = {"QueryLanguage": "JSONata", "StartAt": "Say", "States": {"Say": said}}
        role = "arn:aws:iam::123456789012:role/any"
        arn = sfn.create_state_machine(name=service, definition=json.dumps(machine), roleArn=role)["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn, input=json.dumps(event))["executionArn"]
        while (found := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(0.01)
        prefix, _, action = call["Resource"].rpartition(":")
        assert prefix == f"arn:aws:states:::aws-sdk:{service}"
        assert not problems(service, action, json.loads(found["output"]))


def problems(service: str, action: str, arguments: dict[str, Any]) -> str:
    """Return what botocore has against a request whose names Step Functions takes with a capital first letter."""
    import boto3
    from botocore.validate import ParamValidator

    model = boto3.client(service, region_name="eu-central-1").meta.service_model  # type: ignore[call-overload]
    shape = model.operation_model(action[0].upper() + action[1:]).input_shape
    capital = {name[0].upper() + name[1:]: name for name in shape.members}
    request = {capital[name]: value for name, value in arguments.items()}
    return str(ParamValidator().validate(request, shape).generate_report())


def test_only_pushes_to_the_branch_are_looked_at(deployed: Deployed) -> None:
    event = push("a" * 40, "b" * 40)
    repository = deployed.definition()["States"]["CompareCommits"]["Arguments"]["RepositoryName"]
    (resource,) = (
        json.loads(rule["EventPattern"])["resources"][0]
        for rule in deployed.aws.client("events").list_rules()["Rules"]
        if "StartOnChange" in rule["Name"]
    )
    assert repository and deployed.matches("StartOnChange", event | {"resources": [resource]})
    elsewhere = event["detail"] | {"referenceName": "feature"}
    assert not deployed.matches("StartOnChange", event | {"resources": [resource], "detail": elsewhere})
    assert not deployed.matches("StartOnChange", event | {"resources": ["another"]})


def test_the_machine_may_do_its_two_calls_and_say_what_it_did(deployed: Deployed) -> None:
    template = composed().template.to_dict()["Resources"]
    (policy,) = template["PushRole"]["Properties"]["Policies"]
    allowed = {action: s["Resource"] for s in policy["PolicyDocument"]["Statement"] for action in s["Action"]}
    calls = {action for action in allowed if action.split(":")[0] not in ("logs", "xray")}
    assert calls == {"codecommit:GetDifferences", "codepipeline:StartPipelineExecution"}
    assert allowed["codecommit:GetDifferences"] == [{"Fn::GetAtt": ["Repository", "Arn"]}]
    assert "Pipeline" in json.dumps(allowed["codepipeline:StartPipelineExecution"])


def test_connections_and_codecommit_ignore_the_same_paths() -> None:
    patterns = "docs/**,*.{md,txt}"
    connected = composed(source="codeconnections", repository="o/n", ignored_paths=patterns).template.to_dict()
    (trigger,) = connected["Resources"]["Pipeline"]["Properties"]["Triggers"]
    assert trigger["GitConfiguration"]["Push"][0]["FilePaths"] == {"Excludes": ["docs/**", "*.{md,txt}"]}
    machine = composed(ignored_paths=patterns).template.to_dict()["Resources"]["PushMachine"]
    expected = push_filter.definition(["docs/**", "*.{md,txt}"])
    assert machine["Properties"]["Definition"] == expected


@pytest.mark.parametrize("delivery", [{"ignored_paths": ""}, {"source": "s3"}], ids=["nothing ignored", "a zip"])
def test_without_ignored_paths_the_event_starts_the_pipeline_itself(delivery: dict[str, Any]) -> None:
    resources = composed(**delivery).template.to_dict()["Resources"]
    (target,) = resources["StartOnChange"]["Properties"]["Targets"]
    assert target["Id"] == "pipeline"
    assert not {"PushMachine", "PushRole", "PushLogGroup", "StartInDoubt"} & set(resources)


def test_a_connection_without_ignored_paths_looks_at_no_path() -> None:
    template = composed(source="codeconnections", repository="o/n", ignored_paths="").template.to_dict()
    (trigger,) = template["Resources"]["Pipeline"]["Properties"]["Triggers"]
    assert trigger["GitConfiguration"]["Push"] == [{"Branches": {"Includes": ["main"]}}]
