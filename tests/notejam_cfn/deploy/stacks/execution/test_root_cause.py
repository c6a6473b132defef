"""The first cause among many failures, and what the containers said."""

from __future__ import annotations

import datetime

import pytest

from notejam_cfn.deploy.aws.models import STACK, Event, StackState
from notejam_cfn.deploy.exit_codes import Exit, RolledBack
from notejam_cfn.deploy.manifest import StackSpec, read
from notejam_cfn.deploy.service import tasks
from notejam_cfn.deploy.stacks.execution.outcomes import Outcome, Result
from notejam_cfn.deploy.stacks.execution.root_cause import HINTS, first_cause, hint
from notejam_cfn.deploy.ui.summary import exit_status, lines
from tests.notejam_cfn.deploy.conftest import Shop
from tests.notejam_cfn.deploy.fakes import CannedAws

NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
SERVICE = "arn:aws:ecs:eu-central-1:123456789012:service/cluster/web"
TASK = "arn:aws:ecs:eu-central-1:123456789012:task/cluster/abc"


def event(name: str, status: str, reason: str, kind: str = "AWS::EC2::EIP") -> Event:
    physical = "s" if kind == STACK else f"id-{name}"
    return Event(name, "s", name, physical, kind, status, reason, NOW)


def test_what_was_only_cancelled_is_folded_away() -> None:
    found = first_cause(
        [
            event("Early", "CREATE_COMPLETE", ""),
            event("Cancelled", "CREATE_FAILED", "Resource creation cancelled"),
            event("Culprit", "CREATE_FAILED", "You have hit a quota"),
            event("Later", "CREATE_FAILED", "Resource creation cancelled"),
            event("s", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed", STACK),
        ]
    )
    assert found
    assert (found.event.logical_id, found.followers) == ("Culprit", 2)
    assert found.hint
    assert "quota" in found.hint


def test_a_stack_that_fails_by_itself_is_its_own_cause() -> None:
    found = first_cause([event("s", "CREATE_FAILED", "Output 'x' not found in stack 'y'", STACK)])
    assert found
    assert "deploy the whole stage" in (found.hint or "")


def test_without_a_failure_there_is_no_cause() -> None:
    assert first_cause([event("Fine", "CREATE_COMPLETE", "")]) is None


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ECS Deployment Circuit Breaker was triggered", "do not stay up"),
        ("CannotPullContainerError: pull image manifest has been retried", "cannot be pulled"),
        ("bucket-1 already exists", "rename or remove it"),
        ("User: arn is not authorized to perform: kms:CreateKey", "permission is missing"),
        ("The maximum number of VPCs has been reached.", "quota"),
        ("Properties validation failed for resource X", "build again"),
        ("DBClusterSnapshotNotFound", "notejam_cfn backups"),
        ("something nobody has met", None),
    ],
)
def test_what_helped_others_is_suggested(reason: str, words: str | None) -> None:
    found = hint(reason)
    assert (words in found) if words and found else found is words


def test_every_hint_says_what_to_do() -> None:
    assert all(":" in text or "later" in text for _, text in HINTS)


def stopped_aws() -> CannedAws:
    container = {"name": "web", "exitCode": 3, "reason": "Error"}
    task = {
        "taskArn": TASK,
        "taskDefinitionArn": "td:1",
        "stoppedReason": "Essential container in task exited",
        "containers": [container, {"name": "migrate", "exitCode": 0}],
    }
    options = {"awslogs-group": "group", "awslogs-stream-prefix": "web"}
    definition = {"containerDefinitions": [{"name": "web", "logConfiguration": {"options": options}}]}
    return CannedAws(
        list_tasks={"taskArns": [TASK]},
        describe_tasks={"tasks": [task]},
        describe_task_definition={"taskDefinition": definition},
        get_log_events={"events": [{"message": "SESSION_SECRET is missing\n"}]},
    )


def test_the_stopped_tasks_of_a_service_and_their_last_words() -> None:
    aws = stopped_aws()
    failure = Event("1", "s", "WebService", SERVICE, tasks.SERVICE, "CREATE_FAILED", "did not stabilize", NOW)
    (found,) = tasks.evidence(aws, "eu-central-1", failure)
    assert found.reason == "Essential container in task exited"
    assert found.containers == ("web ended with 3: Error", "migrate ended with 0")
    assert found.log_lines == ("SESSION_SECRET is missing",)
    asked = dict(aws.asked)["get_log_events"]
    assert asked["logStreamName"] == "web/web/abc"


def test_other_resources_have_no_tasks() -> None:
    assert tasks.evidence(CannedAws(), "eu-central-1", event("Vpc", "CREATE_FAILED", "no")) == ()


def service_aws(running: str, deployed: str) -> CannedAws:
    def resource(name: str, kind: str, physical: str) -> dict[str, str]:
        ids = {"LogicalResourceId": name, "PhysicalResourceId": physical}
        return ids | {"ResourceType": kind, "ResourceStatus": "UPDATE_COMPLETE"}

    held = [resource("Task", tasks.TASK_DEFINITION, deployed), resource("Web", tasks.SERVICE, SERVICE)]
    deployment = {"status": "PRIMARY", "taskDefinition": deployed, "rolloutState": "COMPLETED"}
    return CannedAws(
        list_stack_resources={"StackResourceSummaries": held},
        describe_services={"services": [{"serviceName": "web", "deployments": [deployment]}]},
        list_tasks={"taskArns": [TASK]},
        describe_tasks={"tasks": [{"taskDefinitionArn": running, "desiredStatus": "RUNNING"}]},
    )


def test_tasks_of_an_older_revision_are_noticed() -> None:
    stale = tasks.stale_services(service_aws("td/web:1", "td/web:2"), "eu-central-1", "s")
    assert stale == "Web still runs web:1 instead of what was deployed"


def test_tasks_of_the_deployed_revision_are_fine() -> None:
    assert tasks.stale_services(service_aws("td/web:2", "td/web:2"), "eu-central-1", "s") == ""


@pytest.fixture
def extra(shop: Shop) -> StackSpec:
    return read(shop.folder).stacks_of("dev", ["extra"])[0]


def test_the_summary_says_what_the_containers_said(extra: StackSpec) -> None:
    failure = Event("1", "s", "WebService", SERVICE, tasks.SERVICE, "CREATE_FAILED", "did not stabilize", NOW)
    state = StackState(extra.name, "s", "UPDATE_ROLLBACK_COMPLETE")
    stopped = tasks.evidence(stopped_aws(), "eu-central-1", failure)
    result = Result(extra, Outcome.FAILED, Exit.FAILED, state, first_cause([failure]), stopped_tasks=stopped)
    told = "\n".join(lines({extra.name: result}, 60, "again"))
    assert "Task abc stopped: Essential container in task exited" in told
    assert "    | SESSION_SECRET is missing" in told
    assert "→ The new containers do not stay up" in told


def test_the_worst_stack_decides_the_exit_status(extra: StackSpec) -> None:
    fine = Result(extra, Outcome.UPDATED, Exit.DONE)
    back = Result(extra, Outcome.FAILED, Exit.FAILED, error=RolledBack("no"))
    stuck = Result(extra, Outcome.FAILED, Exit.NEEDS_RECOVERY)
    assert exit_status({"a": fine, "b": back}) is Exit.FAILED
    assert exit_status({"a": back, "b": stuck, "c": fine}) is Exit.NEEDS_RECOVERY
