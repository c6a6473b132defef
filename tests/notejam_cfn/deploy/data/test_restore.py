"""A database put back: what is chosen, what happens, what stays, and what becomes of it when somebody interrupts."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.deploy.data import engine_version, restore_plan
from notejam_cfn.deploy.data.backups import RecoveryPoint, Window
from notejam_cfn.deploy.exit_codes import BadInput
from notejam_cfn.local.emulator import Emulator
from tests.conftest import Once, Run

from .conftest import HOME, deploy, outputs

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

RECENT = Window(NOW - timedelta(days=35), NOW - timedelta(minutes=5))


WINDOWS = {"db-2": RECENT}


def point(days: int, **changes: Any) -> RecoveryPoint:
    made = NOW - timedelta(days=days)
    given = {"status": "COMPLETED", "tier": "warm", "bytes": 1, "until": None} | changes
    return RecoveryPoint(arn=f"arn:day-{days}", made=made, **given)


def test_a_recent_moment_is_restored_to_the_second() -> None:
    source = restore_plan.choose("2026-11-20T08:30", [point(3)], WINDOWS, NOW)
    assert (source.snapshot, source.cluster) == (None, "db-2")
    assert source.moment.isoformat() == "2026-11-20T08:30:00+00:00"


def test_an_older_moment_is_restored_from_the_last_snapshot_before_it() -> None:
    source = restore_plan.choose("2025-11-24", [point(300), point(370), point(400)], WINDOWS, NOW)
    assert source.snapshot == "arn:day-370"
    assert not source.exact


def test_what_is_not_whole_is_passed_over() -> None:
    points = [point(100, status="EXPIRED"), point(101, status="PARTIAL"), point(102)]
    assert restore_plan.choose("2026-09-01", points, WINDOWS, NOW).snapshot == "arn:day-102"


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
        restore_plan.choose(asked, [point(40)], WINDOWS, NOW)


def test_a_moment_before_an_earlier_restore_is_taken_from_the_cluster_that_it_kept() -> None:
    young = Window(NOW - timedelta(days=2), NOW - timedelta(minutes=5))
    source = restore_plan.choose("2026-11-20T08:30", [], {"db-2": young, "db-1": RECENT}, NOW)
    assert source.cluster == "db-1"


@pytest.mark.parametrize(("asked", "snapshot"), [("latest", False), ("2026-11-20", False), ("before-release", True)])
def test_a_time_is_told_from_a_snapshots_name(asked: str, snapshot: bool) -> None:
    assert restore_plan.names_snapshot(asked) == snapshot


def named(aws: Emulator, generation: int, stage: str = "prod") -> str:
    """The cluster of a generation: its name has a part of the stack's id."""
    (stack,) = aws.client("cloudformation", HOME).describe_stacks(StackName=f"notejam-{stage}-database")["Stacks"]
    return f"{stack['StackName']}-{stack['StackId'].rpartition('/')[2].partition('-')[0]}-{generation}"


def snapshot(aws: Emulator, name: str) -> None:
    rds = aws.client("rds", HOME)
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier=named(aws, 1))


def clusters(aws: Emulator) -> set[str]:
    return {each["DBClusterIdentifier"] for each in aws.client("rds", HOME).describe_db_clusters()["DBClusters"]}


def kept(aws: Emulator, name: str) -> bool:
    (cluster,) = aws.client("rds", HOME).describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    return restore_plan.KEPT_TAG in cluster["TagList"]


def serving(aws: Emulator) -> str:
    """The cluster that the application connects to, by the address its containers are given."""
    held = aws.client("cloudformation", HOME).describe_stack_resources(StackName="notejam-prod-service")
    arn = next(r["PhysicalResourceId"] for r in held["StackResources"] if r["LogicalResourceId"] == "WebTaskDefinition")
    container = aws.client("ecs", HOME).describe_task_definition(taskDefinition=arn)["taskDefinition"][
        "containerDefinitions"
    ][-1]
    address = next(each["value"] for each in container["environment"] if each["name"] == "DATABASE_HOST")
    return str(address).partition(".")[0]


def test_restoring_in_place_moves_all_to_the_new_cluster_and_keeps_the_old(
    run: Run, aws: Emulator, deployed: None
) -> None:
    assert serving(aws) == named(aws, 1)
    snapshot(aws, "before-release")
    ran = run("restore", "--to", "before-release", "--yes")
    assert ran.exit == 0, ran.said
    assert f"keep the old cluster {named(aws, 1)}" in ran.said
    assert clusters(aws) == {named(aws, 1), named(aws, 2)}
    assert (serving(aws), kept(aws, named(aws, 1)), kept(aws, named(aws, 2))) == (named(aws, 2), True, False)


def test_a_second_is_restored_by_way_of_a_snapshot_and_leaves_no_clone(run: Run, aws: Emulator, deployed: None) -> None:
    ran = run("restore", "--yes")
    assert ran.exit == 0, ran.said
    assert "restore that second into a cluster without instances" in ran.said
    assert clusters(aws) == {named(aws, 1), named(aws, 2)}
    started_from = outputs_parameter(aws, "SnapshotIdentifier")
    assert re.fullmatch(rf"at-\d{{14}}-of-{named(aws, 1)[-10:]}", started_from)


def outputs_parameter(aws: Emulator, name: str) -> str:
    (stack,) = aws.client("cloudformation", HOME).describe_stacks(StackName="notejam-prod-database")["Stacks"]
    return next(each["ParameterValue"] for each in stack["Parameters"] if each["ParameterKey"] == name)


@pytest.fixture
def restored(run: Run, aws: Emulator, once: Once, built: Path) -> None:
    """The production stage, with a database that was put back."""

    def restore() -> None:
        deploy(run, once, built)
        snapshot(aws, "good")
        ran = run("restore", "--to", "good", "--yes")
        assert ran.exit == 0, ran.said

    once(f"restored prod of {built}", restore)


def test_a_deployment_after_a_restore_leaves_the_restored_database_alone(
    run: Run, aws: Emulator, restored: None
) -> None:
    ran = run("deploy", "--yes")
    assert ran.exit == 0, ran.said
    assert outputs(aws, "database")["ClusterId"] == named(aws, 2)


def upgraded(aws: Emulator, version: str) -> None:
    """Let AWS upgrade the cluster by itself, as it does with minor versions."""
    rds = aws.client("rds", HOME)
    rds.modify_db_cluster(DBClusterIdentifier=named(aws, 1), EngineVersion=version, ApplyImmediately=True)


def version_of(aws: Emulator, cluster: str) -> str:
    (found,) = aws.client("rds", HOME).describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    return str(found["EngineVersion"])


def test_a_database_that_aws_has_upgraded_is_restored_and_deployed_as_before(
    run: Run, aws: Emulator, deployed: None
) -> None:
    upgraded(aws, "17.9")
    assert run("deploy", "--yes").exit == 0
    snapshot(aws, "newer")
    ran = run("restore", "--to", "newer", "--yes")
    assert ran.exit == 0, ran.said
    assert outputs_parameter(aws, "EngineVersion") == version_of(aws, named(aws, 2)) == "17.9"
    assert run("deploy", "--yes").exit == 0
    assert version_of(aws, named(aws, 2)) == "17.9"


def test_a_snapshot_of_another_major_version_is_refused_with_what_to_do(
    run: Run, aws: Emulator, deployed: None
) -> None:
    upgraded(aws, "16.11")
    snapshot(aws, "older")
    ran = run("restore", "--to", "older", "--yes")
    assert ran.exit == 2 and 'Set database.engine_version = "16"' in ran.said, ran.said
    assert clusters(aws) == {named(aws, 1)}


@pytest.mark.parametrize(("held", "given"), [("17.7", "17.7"), ("17.8", "17.9"), ("17.99", "17.99")])
def test_a_version_that_is_no_longer_offered_gives_way_to_the_next(facade: Aws, held: str, given: str) -> None:
    """Of a version later than all that is offered AWS is asked for that one: it knows best."""
    assert engine_version.to_restore(facade, HOME, held, "17") == given


def test_the_old_cluster_goes_when_told_and_leaves_a_snapshot(run: Run, aws: Emulator, restored: None) -> None:
    assert run("restore", "--discard-old", "--dry-run").exit == 0
    assert clusters(aws) == {named(aws, 1), named(aws, 2)}
    ran = run("restore", "--discard-old", "--yes")
    assert ran.exit == 0, ran.said
    assert clusters(aws) == {named(aws, 2)}
    found = aws.client("rds", HOME).describe_db_cluster_snapshots()["DBClusterSnapshots"]
    assert any(each["DBClusterSnapshotIdentifier"].startswith(f"{named(aws, 1)}-last-") for each in found)


def test_a_stage_is_not_deleted_while_a_restore_has_kept_a_cluster(run: Run, aws: Emulator, restored: None) -> None:
    """The cluster uses the stage's subnets and its security group: CloudFormation would fail half-way."""
    ran = run("destroy", "--yes", "--unprotect")
    assert ran.exit == 4 and "restore prod --discard-old" in ran.said, ran.said
    assert run("restore", "--discard-old", "--yes").exit == 0
    ran = run("destroy", "--yes", "--unprotect")
    assert ran.exit == 0, ran.said
    assert clusters(aws) == set()


def test_a_plan_is_shown_and_nothing_done_without_a_yes(
    run: Run, aws: Emulator, deployed: None, hold: Callable[..., str]
) -> None:
    arn = hold("monthly", datetime(2025, 10, 1, 6, tzinfo=UTC))
    ran = run("restore", "--to", "2025-11-01", "--dry-run")
    assert ran.exit == 0 and arn in ran.said and "the last one before 2025-11-01" in ran.said
    assert run("restore", "--to", "2025-11-01").exit == 4
    assert outputs(aws, "database")["ClusterId"] == named(aws, 1)


def test_another_stage_is_brought_up_beside(run: Run, aws: Emulator, deployed: None) -> None:
    snapshot(aws, "good")
    ran = run("restore", "--to", "good", "--as", "check", "--yes")
    assert ran.exit == 0, ran.said
    assert clusters(aws) == {named(aws, 1), named(aws, 1, "check")}
    assert serving(aws) == named(aws, 1)


REFUSED = {
    ("--to", "no-such-snapshot"): "there is no snapshot no-such-snapshot",
    ("--to", "2000-01-01"): "nothing is left of 2000-01-01",
    ("--to", "2999-01-01"): "is in the future",
    ("--to", "2026-99-01"): "is not a time",
    ("--as", "nowhere"): "there is no stage 'nowhere'",
    ("--as", "prod"): "notejam-prod-database exists already",
    ("--as", "elsewhere"): "is not where prod's snapshots are",
    ("--only", "service"): "there is no database stack",
}


def test_what_cannot_be_done_is_refused_before_anything_changes(run: Run, aws: Emulator, deployed: None) -> None:
    for arguments, says in REFUSED.items():
        ran = run("restore", *arguments, "--yes")
        assert ran.exit == 2 and says in ran.said, (arguments, ran.said)
    assert clusters(aws) == {named(aws, 1)}


def test_a_restore_that_fails_leaves_the_stage_on_its_old_cluster_and_can_be_tried_again(
    run: Run, aws: Emulator, deployed: None
) -> None:
    snapshot(aws, "good")
    aws.set_faults(failures=[{"logical_id": "DatabaseWriter", "operation": "update", "reason": "no capacity"}])
    ran = run("restore", "--to", "good", "--yes")
    assert ran.exit == 1 and "no capacity" in ran.said, ran.said
    assert (serving(aws), outputs(aws, "database")["ClusterId"]) == (named(aws, 1), named(aws, 1))
    aws.set_faults()
    ran = run("restore", "--to", "good", "--yes")
    assert ran.exit == 0, ran.said
    # What the failed one left, a protected cluster and its log, is in nobody's way, and goes when told.
    assert (serving(aws), clusters(aws)) == (named(aws, 3), {named(aws, each) for each in (1, 2, 3)})
    assert run("restore", "--discard-old", "--yes").exit == 0
    assert clusters(aws) == {named(aws, 3)}


def killed(environment: dict[str, str], built: Path, ready: Callable[[], bool], number: signal.Signals) -> str:
    """Begin to restore the latest second in a process of its own, end it when it is `ready`; return what it said."""
    command = [sys.executable, "-m", "notejam_cfn", "restore", "prod", "--output", str(built), "--yes"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        until = time.monotonic() + 60
        while not ready():
            assert run.poll() is None and time.monotonic() < until, run.communicate()[0]
            time.sleep(0.1)
        run.send_signal(number)
        return run.communicate(timeout=60)[0]


def test_a_restore_that_is_interrupted_while_the_copy_is_made_says_how_to_go_on(
    run: Run, aws: Emulator, deployed: None, environment: dict[str, str], built: Path
) -> None:
    aws.set_faults(seconds_per_resource=3)
    said = killed(environment, built, lambda: any(name.startswith("at-") for name in clusters(aws)), signal.SIGINT)
    (again,) = re.findall(r"--to (\S+),", said)
    aws.set_faults()
    assert clusters(aws) > {named(aws, 1)} and serving(aws) == named(aws, 1)
    time.sleep(3)
    ran = run("restore", "--to", again, "--yes")
    assert ran.exit == 0, ran.said
    assert (serving(aws), clusters(aws)) == (named(aws, 2), {named(aws, 1), named(aws, 2)})


def test_a_restore_that_was_killed_when_the_new_cluster_was_there_is_ended_and_not_begun_anew(
    run: Run, aws: Emulator, deployed: None, environment: dict[str, str], built: Path
) -> None:
    aws.set_faults(seconds_per_resource=0.4)
    killed(environment, built, lambda: outputs(aws, "database")["ClusterId"] == named(aws, 2), signal.SIGKILL)
    aws.set_faults()
    assert not kept(aws, named(aws, 1))
    assert run("restore", "--discard-old", "--yes").exit == 4
    ran = run("restore", "--yes")
    assert ran.exit == 0 and "A restore was interrupted" in ran.said, ran.said
    assert (serving(aws), clusters(aws), kept(aws, named(aws, 1))) == (
        named(aws, 2),
        {named(aws, 1), named(aws, 2)},
        True,
    )


def test_a_restore_that_was_killed_while_the_new_cluster_was_made_goes_on(
    run: Run, aws: Emulator, deployed: None, environment: dict[str, str], built: Path
) -> None:
    aws.set_faults(seconds_per_resource=0.4)
    killed(environment, built, lambda: named(aws, 2) in clusters(aws), signal.SIGKILL)
    ran = run("restore", "--yes")
    assert ran.exit == 0, ran.said
    assert (serving(aws), clusters(aws), kept(aws, named(aws, 1))) == (
        named(aws, 2),
        {named(aws, 1), named(aws, 2)},
        True,
    )
