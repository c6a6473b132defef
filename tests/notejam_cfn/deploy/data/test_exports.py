"""The state machine that exports snapshots, run by the emulator's Step Functions from the deployed template."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.local.emulator import Emulator
from tests.conftest import Once, Run

from .conftest import ended, exports, outputs

LATELY = datetime.now(UTC) - timedelta(hours=3)
Execute = Callable[..., dict[str, Any]]


@pytest.fixture
def backed_up(run: Run, once: Once, built: Path) -> None:
    """The production stage without its service."""

    def deploy() -> None:
        ran = run("deploy", "--yes", *(f"--only={layer}" for layer in ("network", "copies", "database", "backups")))
        assert ran.exit == 0, ran.said

    once(f"data of {built}", deploy)


@pytest.fixture
def execute(aws: Emulator, backed_up: None) -> Execute:
    """Run the machine to its end and return how that was: `execute('{"snapshot": "arn:…"}')`."""

    def run_to_the_end(given: str = "{}") -> dict[str, Any]:
        machine = outputs(aws, "backups")["ExportArn"]
        started = aws.client("stepfunctions").start_execution(stateMachineArn=machine, input=given)
        return ended(aws, started["executionArn"])

    return run_to_the_end


@pytest.fixture
def monthly(aws: Emulator, backed_up: None, hold: Callable[..., str]) -> Callable[..., str]:
    """Put a snapshot into the vault as the monthly plan does."""
    plans = aws.client("backup").list_backup_plans()["BackupPlansList"]
    (plan,) = (each["BackupPlanId"] for each in plans if each["BackupPlanName"] == "monthly backups")
    return lambda name, made=LATELY, **more: hold(name, made, plan=plan, days=1127, **more)


def test_only_what_the_monthly_plan_made_in_the_last_week_is_exported(
    execute: Execute, aws: Emulator, monthly: Callable[..., str], hold: Callable[..., str]
) -> None:
    wanted = monthly("awsbackup:job-1b6a2c3d-0000-4000-8000-1234567890ab")
    monthly("awsbackup:job-old", LATELY - timedelta(days=8))
    monthly("awsbackup:job-gone", status="EXPIRED")
    hold("awsbackup:job-daily", LATELY)
    assert execute()["status"] == "SUCCEEDED"
    (task,) = exports(aws)
    assert (task["SourceArn"], task["Status"]) == (wanted, "COMPLETE")
    assert (task["S3Bucket"], task["S3Prefix"]) == (outputs(aws, "backups")["Bucket"], "snapshots")
    assert re.fullmatch(r"export-\d{8}-1234567890ab-0", task["ExportTaskIdentifier"])


def test_nothing_is_exported_twice(execute: Execute, aws: Emulator, monthly: Callable[..., str]) -> None:
    monthly("awsbackup:job-1")
    assert [execute()["status"], execute()["status"]] == ["SUCCEEDED", "SUCCEEDED"]
    assert len(exports(aws)) == 1


def test_an_event_that_is_delivered_twice_exports_once(
    aws: Emulator, backed_up: None, monthly: Callable[..., str]
) -> None:
    monthly("awsbackup:job-1")
    steps, machine = aws.client("stepfunctions"), outputs(aws, "backups")["ExportArn"]
    begun = [steps.start_execution(stateMachineArn=machine, input="{}")["executionArn"] for _ in range(4)]
    assert {ended(aws, execution)["status"] for execution in begun} == {"SUCCEEDED"}
    assert len(exports(aws)) == 1


def test_more_than_five_wait_for_their_turn(execute: Execute, aws: Emulator, monthly: Callable[..., str]) -> None:
    for number in range(7):
        monthly(f"awsbackup:job-{number}")
    assert execute()["status"] == "SUCCEEDED"
    assert {task["Status"] for task in exports(aws)} == {"COMPLETE"} and len(exports(aws)) == 7


def test_a_month_without_a_snapshot_exports_nothing(execute: Execute, aws: Emulator) -> None:
    assert execute()["status"] == "SUCCEEDED"
    assert exports(aws) == []


def test_an_export_that_fails_ends_the_machine_with_the_reason_and_is_tried_again(
    execute: Execute, aws: Emulator, monthly: Callable[..., str]
) -> None:
    monthly("awsbackup:job-1")
    aws.set_faults(exports="The key is not there.")
    failed = execute()
    assert (failed["status"], failed["error"]) == ("FAILED", "ExportFailed")
    assert "The key is not there." in failed["cause"]
    aws.set_faults()
    assert execute()["status"] == "SUCCEEDED"
    assert [task["Status"] for task in exports(aws)] == ["FAILED", "COMPLETE"]


def test_a_snapshot_that_is_not_there_fails_after_some_tries(execute: Execute) -> None:
    failed = execute('{"snapshot": "arn:aws:rds:eu-central-1:123456789012:cluster-snapshot:none"}')
    assert failed["status"] == "FAILED"
    assert failed["error"] == "Rds.DbClusterSnapshotNotFoundException"
