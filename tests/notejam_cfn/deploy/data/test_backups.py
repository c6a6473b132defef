"""Backups beyond the plan's, and the list of what there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notejam_cfn.deploy.data import backups
from notejam_cfn.deploy.exit_codes import Interrupted, RolledBack
from notejam_cfn.local.emulator import Emulator
from tests.conftest import Run

from .conftest import ended, exports, outputs

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KNOWN = backups.Facts("eu-central-1", "db-1", "arn:db-1", "vault", "arn:role", "arn:machine")


class Answering:
    """Stands for the facade: answers each method with the next of its answers, and remembers what it was given."""

    def __init__(self, **answers: list[dict[str, Any]]) -> None:
        self.answers = answers
        self.given: dict[str, dict[str, Any]] = {}

    def call(self, service: str, region: str, method: str, **given: Any) -> Any:
        self.given[method] = given
        return self.answers[method].pop(0)


def test_a_snapshot_is_taken_and_waited_for() -> None:
    done = {"State": "COMPLETED", "RecoveryPointArn": "arn:snapshot"}
    aws: Any = Answering(start_backup_job=[{"BackupJobId": "job"}], describe_backup_job=[{"State": "RUNNING"}, done])
    assert backups.take(aws, KNOWN, 1127) == "arn:snapshot"
    assert aws.given["start_backup_job"]["Lifecycle"] == {"DeleteAfterDays": 1127}
    assert aws.given["start_backup_job"]["ResourceArn"] == "arn:db-1"


def test_a_backup_that_fails_says_why() -> None:
    failed = {"State": "FAILED", "StatusMessage": "the key is gone"}
    aws: Any = Answering(start_backup_job=[{"BackupJobId": "job"}], describe_backup_job=[failed])
    with pytest.raises(RolledBack, match="the key is gone"):
        backups.take(aws, KNOWN, 35)


def test_who_stops_waiting_for_a_backup_is_told_that_it_goes_on() -> None:
    class Impatient(Answering):
        def call(self, service: str, region: str, method: str, **given: Any) -> Any:
            if method == "describe_backup_job":
                raise KeyboardInterrupt
            return super().call(service, region, method, **given)

    aws: Any = Impatient(start_backup_job=[{"BackupJobId": "job"}])
    with pytest.raises(Interrupted, match="goes on with the backup"):
        backups.take(aws, KNOWN, 35)


def test_every_recovery_point_is_listed_with_age_tier_and_size(
    run: Run, deployed: None, hold: Callable[..., str]
) -> None:
    now = datetime.now(UTC)
    hold("daily", now - timedelta(days=2, hours=1))
    hold("monthly", now - timedelta(days=900), days=1127)
    hold("broken", now - timedelta(days=1000), status="EXPIRED")
    said = run("backups").said
    assert "2 days" in said and "900 days" in said and "3.0 GiB" in said and "warm" in said
    assert "broken (expired)" in said
    assert f"Oldest recoverable: {(now - timedelta(days=900)):%Y-%m-%d}" in said


def test_programs_are_told_too(run: Run, deployed: None, hold: Callable[..., str]) -> None:
    hold("daily", datetime.now(UTC) - timedelta(days=1))
    document = json.loads(run("backups", "--json").out)
    assert document["points"][0]["age_days"] == pytest.approx(1, abs=0.1)


def test_a_snapshot_taken_by_hand_can_be_listed_exported_and_restored(run: Run, aws: Emulator, deployed: None) -> None:
    taken = json.loads(run("backup", "--export", "--json").out)
    assert taken["snapshot"].startswith("arn:aws:rds:eu-central-1:123456789012:cluster-snapshot:awsbackup:job-")
    assert ended(aws, taken["export"])["status"] == "SUCCEEDED"
    assert [task["SourceArn"] for task in exports(aws)] == [taken["snapshot"]]
    assert taken["snapshot"].rpartition("cluster-snapshot:")[2] in run("backups").said
    ran = run("restore", "--to", taken["snapshot"], "--yes")
    assert ran.exit == 0, ran.said
    assert outputs(aws, "database")["ClusterId"].endswith("-2")


def test_a_stage_that_is_not_deployed_says_so(run: Run) -> None:
    ran = run("backups")
    assert ran.exit == 2 and "is not deployed" in ran.said


def test_a_stage_that_exports_nothing_says_so_before_it_takes_a_snapshot(run: Run, aws: Emulator) -> None:
    assert run("deploy", "--yes", stage="check").exit == 0
    ran = run("backup", "--export", stage="check")
    assert ran.exit == 2 and "this stage exports no snapshots" in ran.said
    assert aws.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"] == []


AGES = {"3 days": timedelta(days=3), "30 hours": timedelta(hours=30), "90 min": timedelta(minutes=90)}


@pytest.mark.parametrize(("words", "age"), AGES.items())
def test_ages_are_said_in_words(age: timedelta, words: str) -> None:
    assert backups.age_words(age) == words
