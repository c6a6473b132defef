"""A database put back: what is chosen, what happens, what stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notejam_cfn.deployment import restoring
from notejam_cfn.deployment.backups import RecoveryPoint, Window
from notejam_cfn.deployment.exits import BadInput

HOME = "eu-central-1"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
IMAGE = f"123456789012.dkr.ecr.{HOME}.example.com/notejam@sha256:{'a' * 64}"

RECENT = Window(NOW - timedelta(days=35), NOW - timedelta(minutes=5))


def point(days: int, **changes: Any) -> RecoveryPoint:
    made = NOW - timedelta(days=days)
    given = {"status": "COMPLETED", "tier": "warm", "bytes": 1, "until": None} | changes
    return RecoveryPoint(arn=f"arn:day-{days}", made=made, **given)


def test_a_recent_moment_is_restored_to_the_second() -> None:
    source = restoring.choose("2026-11-20T08:30", [point(3)], RECENT, NOW)
    assert source.snapshot is None
    assert source.moment.isoformat() == "2026-11-20T08:30:00+00:00"


def test_an_older_moment_is_restored_from_the_last_snapshot_before_it() -> None:
    source = restoring.choose("2025-11-24", [point(300), point(370), point(400)], RECENT, NOW)
    assert source.snapshot == "arn:day-370"
    assert not source.exact


def test_what_is_not_finished_or_not_a_snapshot_is_passed_over() -> None:
    points = [point(100, status="EXPIRED"), point(101, continuous=True), point(102)]
    assert restoring.choose("2026-09-01", points, RECENT, NOW).snapshot == "arn:day-102"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("2027-01-01", "in the future"),
        ("2026-11-23T11:59", "cannot be recovered yet"),
        ("2020-01-01", "nothing is left"),
        ("2026-13-01", "is not a time"),
    ],
)
def test_what_cannot_be_restored_is_refused_in_words(asked: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        restoring.choose(asked, [point(40)], RECENT, NOW)


def test_a_snapshots_name_is_taken_as_it_is() -> None:
    assert restoring.choose("before-release", [], None, NOW).snapshot == "before-release"


def snapshot(aws: Any, name: str) -> None:
    rds = aws.client("rds", HOME)
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier="notejam-prod-database-1")


def value_of(aws: Any, layer: str, key: str, region: str = HOME) -> str:
    stack = aws.client("cloudformation", region).describe_stacks(StackName=f"notejam-prod-{layer}")["Stacks"][0]
    return next(each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == key)


def environment(aws: Any) -> dict[str, str]:
    ecs = aws.client("ecs", HOME)
    held = aws.client("cloudformation", HOME).describe_stack_resources(StackName="notejam-prod-service")
    arn = next(r["PhysicalResourceId"] for r in held["StackResources"] if r["LogicalResourceId"] == "WebTaskDefinition")
    container = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"][-1]
    return {each["name"]: each["value"] for each in container["environment"]}


def test_restoring_in_place_moves_all_to_the_new_cluster_and_keeps_the_old(run: Any, aws: Any, vault: Any) -> None:
    assert run("deploy", "--yes", "--parameter", f"ImageUri={IMAGE}").exit == 0
    before = environment(aws)
    snapshot(aws, "before-release")
    ran = run("restore", "--to", "before-release", "--yes")
    assert ran.exit == 0, ran.said
    assert "keep the old cluster notejam-prod-database-1" in ran.said
    clusters = {c["DBClusterIdentifier"] for c in aws.client("rds", HOME).describe_db_clusters()["DBClusters"]}
    assert clusters == {"notejam-prod-database-1", "notejam-prod-database-2"}
    assert value_of(aws, "database", "ClusterId") == "notejam-prod-database-2"
    assert environment(aws)["DATABASE_HOST"] == value_of(aws, "database", "Endpoint")
    assert environment(aws)["DATABASE_SECRET_ARN"] != before["DATABASE_SECRET_ARN"]


def test_a_deployment_after_a_restore_leaves_the_restored_database_alone(run: Any, aws: Any, vault: Any) -> None:
    run("deploy", "--yes")
    snapshot(aws, "good")
    assert run("restore", "--to", "good", "--yes").exit == 0
    ran = run("deploy", "--yes")
    assert ran.exit == 0, ran.said
    assert value_of(aws, "database", "ClusterId") == "notejam-prod-database-2"


def test_the_old_cluster_goes_when_told(run: Any, aws: Any, vault: Any) -> None:
    run("deploy", "--yes")
    snapshot(aws, "good")
    run("restore", "--to", "good", "--yes")
    ran = run("restore", "--discard-old", "--yes")
    assert ran.exit == 0, ran.said
    clusters = {c["DBClusterIdentifier"] for c in aws.client("rds", HOME).describe_db_clusters()["DBClusters"]}
    assert clusters == {"notejam-prod-database-2"}


def test_a_plan_is_shown_and_nothing_done_without_a_yes(run: Any, aws: Any, vault: Any) -> None:
    run("deploy", "--yes")
    arn = vault.holds("monthly", NOW - timedelta(days=400))
    ran = run("restore", "--to", "2025-11-01", "--dry-run")
    assert ran.exit == 0 and arn in ran.said
    assert run("restore", "--to", "2025-11-01").exit == 4
    assert value_of(aws, "database", "ClusterId") == "notejam-prod-database-1"


def test_another_stage_is_brought_up_beside(run: Any, aws: Any, vault: Any) -> None:
    run("deploy", "--yes")
    snapshot(aws, "good")
    ran = run("restore", "--to", "good", "--as", "check", "--yes")
    assert ran.exit == 0, ran.said
    clusters = {c["DBClusterIdentifier"] for c in aws.client("rds", HOME).describe_db_clusters()["DBClusters"]}
    assert clusters == {"notejam-prod-database-1", "notejam-check-database-1"}
