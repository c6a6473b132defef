"""Backups beyond the plan's, and the list of what there is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notejam_cfn.deployment import backups
from notejam_cfn.deployment.aws import Pause
from notejam_cfn.deployment.exits import BadInput, RolledBack

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
    assert backups.take(aws, KNOWN, 1127, Pause(0, 0)) == "arn:snapshot"
    assert aws.given["start_backup_job"]["Lifecycle"] == {"DeleteAfterDays": 1127}
    assert aws.given["start_backup_job"]["ResourceArn"] == "arn:db-1"


def test_a_backup_that_fails_says_why() -> None:
    failed = {"State": "FAILED", "StatusMessage": "the key is gone"}
    aws: Any = Answering(start_backup_job=[{"BackupJobId": "job"}], describe_backup_job=[failed])
    with pytest.raises(RolledBack, match="the key is gone"):
        backups.take(aws, KNOWN, 35, Pause(0, 0))


def test_an_export_names_the_snapshot() -> None:
    aws: Any = Answering(start_execution=[{"executionArn": "arn:execution"}])
    assert backups.export(aws, KNOWN, "arn:snapshot") == "arn:execution"
    assert json.loads(aws.given["start_execution"]["input"]) == {"snapshot": "arn:snapshot"}


def test_a_stage_without_exports_says_what_to_do() -> None:
    with pytest.raises(BadInput, match="exports no snapshots"):
        backups.export(Answering(), backups.Facts("r", "c", "a", "v", "r"), "arn:snapshot")  # type: ignore[arg-type]


def test_every_recovery_point_is_listed_with_age_tier_and_size(run: Any, aws: Any, vault: Any) -> None:
    run("deploy", "--yes")
    now = datetime.now(UTC)
    vault.holds("daily", now - timedelta(days=2, hours=1))
    vault.holds("monthly", now - timedelta(days=900), days=1127)
    vault.holds("broken", now - timedelta(days=1000), status="EXPIRED")
    said = run("backups").said
    assert "2 days" in said and "900 days" in said and "3.0 GiB" in said and "warm" in said
    assert "broken (expired)" in said
    assert f"Oldest recoverable: {(now - timedelta(days=900)):%Y-%m-%d}" in said


def test_programs_are_told_too(run: Any, aws: Any, vault: Any) -> None:
    run("deploy", "--yes")
    vault.holds("daily", datetime.now(UTC) - timedelta(days=1))
    document = json.loads(run("backups", "--json").said)
    assert document["points"][0]["age_days"] == pytest.approx(1, abs=0.1)


def test_a_stage_that_is_not_deployed_says_so(run: Any, vault: Any) -> None:
    ran = run("backups")
    assert ran.exit == 2 and "is not deployed" in ran.said


AGES = {"3 days": timedelta(days=3), "30 hours": timedelta(hours=30), "90 min": timedelta(minutes=90)}


@pytest.mark.parametrize(("words", "age"), AGES.items())
def test_ages_are_said_in_words(age: timedelta, words: str) -> None:
    assert backups.age_words(age) == words
