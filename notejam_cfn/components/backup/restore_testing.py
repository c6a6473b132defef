"""Proves every month that a snapshot can be restored: AWS Backup restores one, waits, and deletes what it made."""

from __future__ import annotations

from typing import Any

from troposphere import backup, iam

from ...core import names
from ...core.template import Template
from ..data.database import Database
from ..observability.alarm_topic import AlarmTopic, tell_of_event

HOURS_KEPT = 1
DAYS_TO_CHOOSE_FROM = 30


def telling_tags(database: Database) -> dict[str, str]:
    """Return the tags by which plans find a database, as conditions name them; none if it has only its component's.

    A database of another system has that one too: without others it is found by its ARN.
    """
    return {f"aws:ResourceTag/{key}": value for key, value in database.tags.items()} if len(database.tags) > 1 else {}


def add_restore_testing(
    template: Template,
    vault: backup.BackupVault,
    role: iam.Role,
    database: Database,
    notifications: AlarmTopic,
) -> None:
    """Restore one of the month's snapshots on the third of each month, and tell people when it fails.

    A cluster is restored without instances: that it comes up proves the snapshot and the key, at the price of an
    hour's storage. Which snapshot is left to chance, so that over time all kinds are tried.
    Source: AWS Backup Developer Guide, "Restore testing".
    """
    plan = add_testing_plan(template, vault)
    tags = telling_tags(database)
    chosen: dict[str, Any] = {"ProtectedResourceArns": ["*"] if tags else [database.cluster_arn]}
    if tags:
        pairs = [backup.KeyValue(Key=key, Value=value) for key, value in tags.items()]
        chosen["ProtectedResourceConditions"] = backup.ProtectedResourceConditions(StringEquals=pairs)
    template.add(
        backup.RestoreTestingSelection(
            "RestoreTestDatabase",
            RestoreTestingPlanName=plan.ref(),
            RestoreTestingSelectionName=names.restore_testing("database"),
            ProtectedResourceType="Aurora",
            **chosen,
            RestoreMetadataOverrides={"dbSubnetGroupName": database.subnet_group_name},
            ValidationWindowHours=HOURS_KEPT,
            IamRoleArn=role.get_att("Arn"),
        ),
        why="Restores the database beside itself, in its own isolated subnets.",
    )
    tell_of_failed_test(template, plan, notifications)


def add_testing_plan(template: Template, vault: backup.BackupVault) -> backup.RestoreTestingPlan:
    """Add the schedule and what to choose from."""
    return template.add(
        backup.RestoreTestingPlan(
            "RestoreTest",
            RestoreTestingPlanName=names.restore_testing("restore_test"),
            ScheduleExpression="cron(0 9 3 * ? *)",
            ScheduleExpressionTimezone="Etc/UTC",
            StartWindowHours=8,
            RecoveryPointSelection=backup.RestoreTestingRecoveryPointSelection(
                Algorithm="RANDOM_WITHIN_WINDOW",
                IncludeVaults=[vault.get_att("BackupVaultArn")],
                RecoveryPointTypes=["SNAPSHOT"],
                SelectionWindowDays=DAYS_TO_CHOOSE_FROM,
            ),
        ),
        why="Tries a snapshot every month, so that nobody finds out in an emergency.",
    )


def tell_of_failed_test(template: Template, plan: backup.RestoreTestingPlan, notifications: AlarmTopic) -> None:
    """Tell people that a snapshot could not be restored."""
    tell_of_event(
        template,
        "RestoreTestFailed",
        notifications,
        alarm="restore-test-failed",
        pattern={
            "source": ["aws.backup"],
            "detail-type": ["Restore Job State Change"],
            "detail": {
                "status": ["FAILED", "ABORTED"],
                "restoreTestingPlanArn": [plan.get_att("RestoreTestingPlanArn")],
            },
        },
        message="A snapshot could not be restored (<status>): <reason>.",
        fields={"status": "$.detail.status", "reason": "$.detail.statusMessage"},
        why="Tells people that a snapshot could not be restored.",
    )
