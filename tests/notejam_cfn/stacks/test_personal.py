"""Personal stages: an independent copy, as small as it gets, bounded, deleted when it expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notejam_cfn.config.loader import ConfigError, parse, with_personal_stage
from notejam_cfn.config.settings import Project, Stage
from notejam_cfn.core.names import LAYERS
from notejam_cfn.deploy.exit_codes import BadInput
from notejam_cfn.deploy.stacks import expiry
from notejam_cfn.stacks import stacks_of

NOW = datetime(2030, 1, 31, 10, 0, tzinfo=UTC)
DOMAIN = {"domain": "notes.example.com", "hosted_zone_id": "Z0123ABC"}


@pytest.fixture(scope="module")
def project() -> Project:
    prod = {"region": "eu-central-1", "size": "resilient", "load_balancer": DOMAIN, "service": {"port": 9000}}
    document = {"stages": {"dev": {"region": "eu-central-1"}, "prod": prod}}
    return with_personal_stage(parse(document), "dev-alice", "prod")


@pytest.fixture(scope="module")
def alice(project: Project) -> Stage:
    return project.stages[-1]


@pytest.fixture(scope="module")
def templates(project: Project) -> dict[str, dict[str, Any]]:
    return {stack.layer: stack.template.to_dict() for stack in stacks_of(project, ["dev-alice"])}


def test_it_runs_the_same_in_the_smallest_size(alice: Stage) -> None:
    assert alice.service.port == 9000
    assert alice.size == "economy"
    assert alice.service.min_tasks == 0
    assert alice.database.min_acu == 0
    assert alice.load_balancer.domain == ""
    assert not alice.termination_protection


def test_nothing_of_it_collides_with_another_stage(project: Project) -> None:
    other = with_personal_stage(project, "dev-bob", "prod").stages[-1]
    assert other.network.cidr != project.stages[-1].network.cidr
    every = [stack.name for stack in stacks_of(project)]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("name", [f"dev-{layer}" for layer in LAYERS])
def test_a_name_that_would_be_a_layers_is_refused(project: Project, name: str) -> None:
    with pytest.raises(ConfigError, match="must not end in"):
        with_personal_stage(project, name, "prod")


@pytest.mark.parametrize(("name", "like"), [("alice", "dev"), ("dev", "dev"), ("", "dev"), ("dev-bob", "nothing")])
def test_a_wrong_name_is_one_line(project: Project, name: str, like: str) -> None:
    with pytest.raises(ConfigError) as caught:
        with_personal_stage(project, name, like)
    assert "\n" not in str(caught.value)


def test_every_role_of_it_is_bounded(templates: dict[str, dict[str, Any]]) -> None:
    roles = [
        resource["Properties"]
        for template in templates.values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]
    assert roles
    boundary = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/notejam-delivery-stage-boundary"
    assert all(role["PermissionsBoundary"] == {"Fn::Sub": boundary} for role in roles)


def test_everything_it_costs_counts_towards_the_budget(project: Project) -> None:
    for stack in stacks_of(project, ["dev-alice"]):
        assert stack.tags["personal"] == "yes"


def test_a_schedule_deletes_each_of_its_stacks(project: Project, templates: dict[str, dict[str, Any]]) -> None:
    inputs = {
        resource["Properties"]["Target"]["Input"]
        for resource in templates["expiry"]["Resources"].values()
        if resource["Type"] == "AWS::Scheduler::Schedule"
    }
    layered = {stack.name for stack in stacks_of(project, ["dev-alice"]) if stack.form == "layered"}
    assert inputs == {f'{{"StackName":"{name}"}}' for name in layered}


def test_the_schedules_may_delete_its_stacks_and_nothing_else(templates: dict[str, dict[str, Any]]) -> None:
    (policy,) = templates["expiry"]["Resources"]["ExpiryRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["cloudformation:DeleteStack"]
    assert all(":stack/notejam-dev-alice-" in arn["Fn::Sub"] for arn in statement["Resource"])


@pytest.mark.parametrize(
    ("asked", "after"),
    [("90m", timedelta(minutes=90)), ("8h", timedelta(hours=8)), ("2d", timedelta(days=2))],
)
def test_a_duration_counts_from_now(asked: str, after: timedelta) -> None:
    expires, gone = expiry.parameters(asked, NOW)
    assert expires == f"ExpiresAt={(NOW + after):%Y-%m-%dT%H:%M:%S}"
    assert gone == f"GoneBy={(NOW + after + expiry.CLEARING):%Y-%m-%dT%H:%M:%S}"


def test_a_time_is_taken_as_it_is() -> None:
    assert expiry.parameters("2030-01-31T18:00:00", NOW)[0] == "ExpiresAt=2030-01-31T18:00:00"
    assert expiry.parameters(None, NOW) == []


@pytest.mark.parametrize("asked", ["0h", "8", "soon", "31d", "2030-01-31T09:00:00", "2030-01-31"])
def test_what_is_no_time_to_come_is_refused(asked: str) -> None:
    with pytest.raises(BadInput, match="--expires"):
        expiry.parameters(asked, NOW)


def test_the_schedules_deploy(project: Project) -> None:
    emulator = pytest.importorskip("notejam_cfn.local.emulator")
    (stack,) = (stack for stack in stacks_of(project, ["dev-alice"]) if stack.layer == "expiry")
    given = dict(one.split("=", 1) for one in expiry.parameters("8h", NOW))
    with emulator.running() as aws:
        aws.deploy(stack.name, stack.template.to_dict(), given)
        held = aws.client("cloudformation").describe_stack_resources(StackName=stack.name)["StackResources"]
    assert {one["ResourceStatus"] for one in held} == {"CREATE_COMPLETE"}
