"""Every status of a stack: what deploying does about it, and how an operation that ends in it is judged."""

from __future__ import annotations

import datetime
from typing import Any

import botocore.session
import pytest

from notejam_cfn.deploy.aws.models import StackState
from notejam_cfn.deploy.exit_codes import AwsTrouble, CommandError, Exit
from notejam_cfn.deploy.manifest import StackSpec, read
from notejam_cfn.deploy.plan.model import Kind, StackPlan
from notejam_cfn.deploy.stacks import templates
from notejam_cfn.deploy.stacks.deploy import Deployment, Options
from notejam_cfn.deploy.stacks.execution.operations import OperationResult
from notejam_cfn.deploy.stacks.execution.statuses import ABSENT, STATUSES, Step, status
from notejam_cfn.deploy.stacks.stack_run import Prompter, Session
from notejam_cfn.deploy.ui.progress import Silent
from tests.notejam_cfn.deploy.conftest import Shop
from tests.notejam_cfn.deploy.fakes import CannedAws

NOBODY = Prompter(confirm=lambda question: True, ask=lambda question, choices: "undo")
# What happens when deploying finds a stack in the status: what is reviewed, or how the command ends.
FOUND: dict[str, Kind | Exit] = {
    ABSENT: Kind.CREATE,
    "REVIEW_IN_PROGRESS": Kind.CREATE,
    "CREATE_IN_PROGRESS": Exit.REFUSED,
    "CREATE_COMPLETE": Kind.UPDATE,
    "CREATE_FAILED": Kind.CREATE,
    "ROLLBACK_IN_PROGRESS": Exit.REFUSED,
    "ROLLBACK_COMPLETE": Kind.CREATE,
    "ROLLBACK_FAILED": Kind.CREATE,
    "UPDATE_IN_PROGRESS": Exit.REFUSED,
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Exit.REFUSED,
    "UPDATE_COMPLETE": Kind.UPDATE,
    "UPDATE_FAILED": Exit.NEEDS_RECOVERY,
    "UPDATE_ROLLBACK_IN_PROGRESS": Exit.REFUSED,
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Exit.REFUSED,
    "UPDATE_ROLLBACK_COMPLETE": Kind.UPDATE,
    "UPDATE_ROLLBACK_FAILED": Exit.NEEDS_RECOVERY,
    "DELETE_IN_PROGRESS": Exit.REFUSED,
    "DELETE_FAILED": Exit.NEEDS_RECOVERY,
    "DELETE_COMPLETE": Kind.CREATE,
    "IMPORT_IN_PROGRESS": Exit.REFUSED,
    "IMPORT_COMPLETE": Kind.UPDATE,
    "IMPORT_ROLLBACK_IN_PROGRESS": Exit.REFUSED,
    "IMPORT_ROLLBACK_COMPLETE": Kind.UPDATE,
    "IMPORT_ROLLBACK_FAILED": Exit.NEEDS_RECOVERY,
}
# How an operation that ends in the status is judged.
ENDED = {
    "CREATE_COMPLETE": Exit.DONE,
    "UPDATE_COMPLETE": Exit.DONE,
    "IMPORT_COMPLETE": Exit.DONE,
    "ROLLBACK_COMPLETE": Exit.FAILED,
    "UPDATE_ROLLBACK_COMPLETE": Exit.FAILED,
    "IMPORT_ROLLBACK_COMPLETE": Exit.FAILED,
    "DELETE_COMPLETE": Exit.FAILED,
    "REVIEW_IN_PROGRESS": Exit.FAILED,
    ABSENT: Exit.FAILED,
    "CREATE_FAILED": Exit.NEEDS_RECOVERY,
    "ROLLBACK_FAILED": Exit.NEEDS_RECOVERY,
    "UPDATE_FAILED": Exit.NEEDS_RECOVERY,
    "UPDATE_ROLLBACK_FAILED": Exit.NEEDS_RECOVERY,
    "DELETE_FAILED": Exit.NEEDS_RECOVERY,
    "IMPORT_ROLLBACK_FAILED": Exit.NEEDS_RECOVERY,
}


def canned(stack_status: str) -> CannedAws:
    """An AWS in which the stack has this status."""
    now = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
    raw = {
        "StackName": "shop-dev-extra",
        "StackId": "arn:stack/shop-dev-extra",
        "StackStatus": stack_status,
        "CreationTime": now,
        "Tags": [{"Key": "project", "Value": "shop"}, {"Key": "stage", "Value": "dev"}],
    }
    event = {"EventId": "1", "StackId": "s", "Timestamp": now, "LogicalResourceId": "Alone"}

    def stacks(**given: Any) -> Any:
        if stack_status == ABSENT:
            raise AwsTrouble("Stack does not exist", code="ValidationError")
        return {"Stacks": [raw]}

    return CannedAws(
        describe_addresses={"Addresses": []},
        get_service_quota={"Quota": {"Value": 5}},
        describe_stacks=stacks,
        describe_stack_events={"StackEvents": [event | {"ClientRequestToken": "notejam-bob-20261123T110000-abc123"}]},
        list_stack_resources={"StackResourceSummaries": []},
        get_template={"TemplateBody": {"Resources": {"Other": {"Type": "AWS::EC2::EIP"}}}},
    )


@pytest.fixture
def alone(shop: Shop) -> StackSpec:
    return read(shop.folder).stacks_of("dev", ["extra"])[0]


def deployment(aws: CannedAws, stack: StackSpec) -> Deployment:
    progress = Silent({stack.name: stack.layer}, {stack.name: templates.parse(stack.text())})
    return Deployment(Session(aws, (stack,), progress, NOBODY), Options(yes=True, dry_run=True))


def test_the_table_holds_every_status_that_cloudformation_has() -> None:
    model = botocore.session.get_session().get_service_model("cloudformation")
    assert set(STATUSES) - {ABSENT} == set(model.shape_for("StackStatus").enum)


def test_the_tests_have_every_row() -> None:
    assert set(FOUND) == set(STATUSES)
    assert set(ENDED) == {name for name, row in STATUSES.items() if row.ended is not None}


@pytest.mark.parametrize("name", STATUSES)
def test_what_deploying_does_about_a_status(name: str, alone: StackSpec) -> None:
    expected, found = FOUND[name], deployment(canned(name), alone)
    if isinstance(expected, Exit):
        with pytest.raises(CommandError) as stopped:
            found.run()
        assert (stopped.value.exit, bool(stopped.value.advice)) == (expected, True)
    else:
        found.run()
        assert found.plan and found.plan.stacks[alone.name].kind is expected


@pytest.mark.parametrize("name", ENDED)
def test_how_an_operation_that_ends_in_a_status_is_judged(name: str, alone: StackSpec) -> None:
    found = deployment(canned(name), alone)
    ended = OperationResult(StackState(alone.name, "id", name), ())
    assert status(name).ended is ENDED[name]
    assert found._judge(_any_plan(alone), ended).exit is ENDED[name]


@pytest.mark.parametrize(
    ("name", "step"), [("FUTURE_IN_PROGRESS", Step.WAIT), ("FUTURE_FAILED", Step.RECOVER), ("FUTURE", Step.RECOVER)]
)
def test_a_status_of_the_future_is_never_fine(name: str, step: Step) -> None:
    assert status(name).step is step


def _any_plan(stack: StackSpec) -> StackPlan:
    return StackPlan(stack, Kind.UPDATE, templates.parse(stack.text()), {})


def test_the_leftovers_of_a_failed_creation_are_shown_and_not_removed_unasked(alone: StackSpec) -> None:
    aws = canned("CREATE_FAILED")
    aws.answers["list_stack_resources"] = {
        "StackResourceSummaries": [
            {"LogicalResourceId": "Alone", "ResourceType": "AWS::EC2::EIP", "ResourceStatus": "CREATE_COMPLETE"}
        ]
    }
    with pytest.raises(CommandError, match="still holds 1 resource"):
        deployment(aws, alone).run()
    assert "delete_stack" not in [method for method, _ in aws.asked]
