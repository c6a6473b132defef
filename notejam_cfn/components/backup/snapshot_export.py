"""Archives the database: each monthly snapshot as Parquet in S3, warm for three years and then in Deep Archive.

A state machine looks at the vault and exports what is not exported yet. It is started when a backup completes and once
a day, as AWS Backup's events are delivered at best effort; looking twice does no harm. No function code is involved.
"""

from __future__ import annotations

from typing import Any

from troposphere import backup, events, s3, stepfunctions

from ...config.settings import BackupSettings
from ...core import names
from ...core.suppressions import READ_BY_ROLES_ONLY, Suppression
from ...core.template import Template
from ...core.values import Value
from ...iam import policies
from ..data.bucket import add_private_bucket, lifecycle_rule
from ..data.encryption import Encryption
from ..observability.alarm_topic import AlarmTopic, tell_of_event
from ..observability.log_groups import add_log_group
from ..service_role import service_role
from ..state_machines import add_state_machine, calls
from . import snapshot_export_machine

DAYS_KEPT_AFTER_DELETION = 30
NOT_LOCKED = Suppression(
    reason="A lock cannot be taken back and keeps even what must be erased; backups.object_lock turns it on.",
    risk="An administrator of the account can delete exports early; versions undo a slip for a month.",
    guard=("s3_bucket_object_lock_enabled_check",),
)


def add_snapshot_export(
    template: Template,
    settings: BackupSettings,
    vault: backup.BackupVault,
    plan: backup.BackupPlan,
    key_arn: Value,
    encryption: Encryption,
    notifications: AlarmTopic,
) -> dict[str, Value]:
    """Add the bucket, the state machine that fills it, and word to people when it does not.

    Returns what `Backups` says of them, by the names of its fields.
    """
    bucket = add_archive(template, settings, key_arn)
    writing = policies.allow_exporting_snapshots(bucket.get_att("Arn"), key_arn)
    writer = template.add(
        service_role("ExportWriterRole", "export.rds", *writing), why="Lets RDS write exports to the bucket."
    )
    log = add_log_group(
        template,
        "ExportLogGroup",
        settings.log_retention_days,
        encryption,
        "Keeps how exports went.",
        names.state_machine_log_group(),
    )
    machine = add_state_machine(
        template,
        "Export",
        snapshot_export_machine.definition(),
        {
            "VaultName": vault.ref(),
            "PlanId": plan.ref(),
            "Bucket": bucket.ref(),
            "RoleArn": writer.get_att("Arn"),
            "KeyArn": key_arn,
            **calls(snapshot_export_machine.ACTIONS),
        },
        policies.allow_starting_exports(writer.get_att("Arn"), key_arn, vault.get_att("BackupVaultArn")),
        log,
        may="Lets the state machine find snapshots and start exports.",
        why="Exports each monthly snapshot that is not exported yet, and waits until it is.",
    )
    start_machine(template, vault, machine)
    tell_of_failure(template, machine, notifications)
    return {"bucket": bucket.ref(), "export_arn": machine.ref(), "export_log_group_name": log.ref()}


def add_archive(template: Template, settings: BackupSettings, key_arn: Value) -> s3.Bucket:
    """Add the bucket, encrypted with the backups' key.

    Exports move to Glacier Deep Archive when they are no longer warm, and go when their time has come. With a lock,
    only those who may bypass governance delete an object version while it is warm.
    By default S3 leaves what is smaller than 128 KB where it is, and a small table may well be.
    Source: Amazon S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle".
    """
    archived = s3.LifecycleRuleTransition(StorageClass="DEEP_ARCHIVE", TransitionInDays=settings.export_warm_days)
    rule = lifecycle_rule("archive", DAYS_KEPT_AFTER_DELETION, Transitions=[archived])
    if settings.export_retention_days:
        rule.ExpirationInDays = settings.export_retention_days
    locked: dict[str, Any] = {}
    if settings.object_lock:
        retention = s3.DefaultRetention(Mode="GOVERNANCE", Days=settings.export_warm_days)
        lock = s3.ObjectLockConfiguration(
            ObjectLockEnabled="Enabled", Rule=s3.ObjectLockRule(DefaultRetention=retention)
        )
        locked = {"ObjectLockEnabled": True, "ObjectLockConfiguration": lock}
    return add_private_bucket(
        template,
        "Exports",
        key_arn,
        s3.LifecycleConfiguration(Rules=[rule], TransitionDefaultMinimumObjectSize="varies_by_storage_class"),
        "Keeps the exports: warm for three years, then in the archive.",
        [READ_BY_ROLES_ONLY] if locked else [READ_BY_ROLES_ONLY, NOT_LOCKED],
        "Lets nobody talk to the bucket without TLS.",
        **locked,
    )


def start_machine(template: Template, vault: backup.BackupVault, machine: stepfunctions.StateMachine) -> None:
    """Start the machine when a snapshot is taken, and once a day for those that nobody heard of."""
    role = template.add(
        service_role("ExportStarterRole", "events", policies.allow_starting_executions(machine.ref())),
        why="Lets events start the state machine.",
    )
    taken = {
        "source": ["aws.backup"],
        "detail-type": ["Backup Job State Change"],
        "detail": {"state": ["COMPLETED"], "backupVaultArn": [vault.get_att("BackupVaultArn")]},
    }
    target = events.Target(Id="export", Arn=machine.ref(), RoleArn=role.get_att("Arn"), Input="{}")
    template.add(
        events.Rule("SnapshotTaken", EventPattern=taken, Targets=[target]), why="Exports a snapshot when it is taken."
    )
    template.add(
        events.Rule("ExportDaily", ScheduleExpression="cron(30 12 * * ? *)", Targets=[target]),
        why="Exports what no event told of, and tries again what failed.",
    )


def tell_of_failure(template: Template, machine: stepfunctions.StateMachine, notifications: AlarmTopic) -> None:
    """Tell people of an export that failed or took longer than a day; the machine's metric counts only the former.

    Source: AWS Step Functions Developer Guide, "Automating Step Functions event delivery with EventBridge".
    """
    tell_of_event(
        template,
        "ExportFailed",
        notifications,
        alarm="export-failed",
        pattern={
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": ["FAILED", "TIMED_OUT"], "stateMachineArn": [machine.ref()]},
        },
        message="A snapshot was not exported to S3 (<status>): <reason>.",
        fields={"status": "$.detail.status", "reason": "$.detail.cause"},
        why="Tells people that a snapshot was not exported to S3.",
    )
