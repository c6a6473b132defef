"""What is kept of the database: a vault that outlives it, and the plan that fills it.

Aurora's snapshots stay in the warm tier for as long as they are kept: AWS Backup has no cold tier for them. What is
older than the plan keeps is archived by exports instead (see `exports`).
Source: AWS Backup Developer Guide, "Feature availability by resource".
"""

from __future__ import annotations

import dataclasses

from troposphere import If, NoValue, Sub, backup, iam

from ...config.settings import BackupSettings
from ...core.inputs import Inputs, InvalidInput
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies
from ..data.database import Database
from ..data.encryption import Encryption, add_key
from ..observability.alarm_topic import AlarmTopic, tell_of_event
from .cross_region import CrossRegionBackup, add_vault
from .restore_testing import add_restore_testing, telling_tags
from .snapshot_export import add_snapshot_export

MINUTES_TO_START, MINUTES_TO_FINISH = 60, 720
MONTHLY = "monthly"
FAILED = ["FAILED", "ABORTED", "EXPIRED"]
# The managed policies name every action that AWS Backup needs of Aurora, and AWS keeps them current.
# Source: AWS Backup Developer Guide, "AWS managed policies".
MANAGED = ("AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores")


@dataclasses.dataclass(frozen=True)
class Backups(Inputs):
    """What backs up, restores and watches need of the backups."""

    vault_name: Value = described("Vault that holds the snapshots")
    role_arn: Value = described("Role that AWS Backup takes")
    key_arn: Value = described("Key of the vault and the exports")
    bucket: Value | None = described("Bucket that holds the exports", default=None)
    export_arn: Value | None = described("State machine that exports snapshots", default=None)
    export_log_group_name: Value | None = described("Log group of the exports", default=None)


@component("backups")
def add_backups(
    template: Template,
    settings: BackupSettings,
    encryption: Encryption,
    database: Database,
    notifications: AlarmTopic,
    copies: CrossRegionBackup | None = None,
) -> Backups:
    """Add the vault, the plan, exports and restore tests of an Aurora cluster.

    It is found by its tags where it has some, so that a restored one is backed up from the moment it exists, and else
    by its ARN.
    """
    if database.cluster_arn is None:
        raise InvalidInput("database.cluster_arn", "is needed: the ARN of the Aurora cluster to back up, got None")
    if settings.restore_test and database.subnet_group_name is None:
        raise InvalidInput("database.subnet_group_name", "is needed with restore_test: where to restore to, got None")
    key_arn = encryption.key_arn
    if settings.own_key:
        why = "Encrypts exports, which must be readable when the stage's own key is gone."
        key_arn = add_key(template, "BackupKey", "exports", encryption.deletion_days, why).get_att("Arn")
    # A vault's key can never be changed, so it is the stage's own, which no setting changes. It encrypts little:
    # Aurora's snapshots stay under the cluster's key, in any vault.
    # Source: AWS Backup Developer Guide, "Encryption for backups in AWS Backup".
    why = "Holds the database's snapshots, out of reach of what happens to the database."
    vault = add_vault(template, "BackupVault", settings, encryption.key_arn, settings.deletable, why)
    role = add_backup_role(template)
    planned = rules(settings, vault, copies)
    monthly = planned.pop(MONTHLY, None)
    if planned:
        add_plan(template, "Regular", [*planned.values()], database, role)
    exports: dict[str, Value] = {}
    if monthly:
        plan = add_plan(template, "Monthly", [monthly], database, role)
        if settings.export:
            exports = add_snapshot_export(template, settings, vault, plan, key_arn, encryption, notifications)
    if settings.restore_test:
        add_restore_testing(template, vault, role, database, notifications)
    tell_of_failures(template, vault, notifications, copies)
    return Backups(vault_name=vault.ref(), role_arn=role.get_att("Arn"), key_arn=key_arn, **exports)


def add_backup_role(template: Template) -> iam.Role:
    """Add the role AWS Backup takes to make, copy, restore and, when their time has come, delete snapshots.

    It is kept with the vault: without it what the vault holds would never expire.
    """
    managed = [Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/" + name) for name in MANAGED]
    return template.add(
        iam.Role(
            "BackupRole",
            AssumeRolePolicyDocument=policies.assumed_by_service("backup"),
            ManagedPolicyArns=managed,
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
        ),
        why="Lets AWS Backup make, copy, restore and expire snapshots.",
    )


def rules(
    settings: BackupSettings, vault: backup.BackupVault, copies: CrossRegionBackup | None
) -> dict[str, backup.BackupRuleResourceType]:
    """Return the rule of each schedule that keeps anything: of a day's, a week's and, for years, a month's snapshot.

    Any second of the recent past is RDS's own to recover. Rules begin an hour apart, so that no snapshot waits for
    another of the same cluster. A month's snapshot is copied for as long as it is kept, a week's not at all.
    """
    schedules = {
        "daily": (1, "* * ?", settings.daily_retention_days, settings.copy_retention_days),
        "weekly": (2, "? * SUN", settings.weekly_retention_days, 0),
        MONTHLY: (3, "1 * ?", settings.monthly_retention_days, settings.monthly_retention_days),
    }
    found = {}
    for name, (hours_later, days, kept_days, copy_days) in schedules.items():
        if not kept_days:
            continue
        rule = found[name] = backup.BackupRuleResourceType(
            RuleName=name,
            TargetBackupVault=vault.ref(),
            ScheduleExpression=f"cron(0 {(settings.at_hour + hours_later) % 24} {days} *)",
            StartWindowMinutes=MINUTES_TO_START,
            CompletionWindowMinutes=MINUTES_TO_FINISH,
            Lifecycle=backup.LifecycleResourceType(DeleteAfterDays=kept_days),
            RecoveryPointTags={"schedule": name},
        )
        if copies and copy_days:
            lifecycle = backup.LifecycleResourceType(DeleteAfterDays=copy_days)
            actions = [backup.CopyActionResourceType(DestinationBackupVaultArn=copies.vault_arn, Lifecycle=lifecycle)]
            rule.CopyActions = If(copies.condition, actions, NoValue) if copies.condition else actions
    return found


def add_plan(
    template: Template,
    title: str,
    rules: list[backup.BackupRuleResourceType],
    database: Database,
    role: iam.Role,
) -> backup.BackupPlan:
    """Add a plan of rules for the database, found by the tags of its stack and its component, or by its ARN."""
    described = backup.BackupPlanResourceType(BackupPlanName=f"{title.lower()} backups", BackupPlanRule=rules)
    plan = template.add(
        backup.BackupPlan(f"{title}Backups", BackupPlan=described),
        why="Says when snapshots are taken and how long they are kept.",
    )
    selection = backup.BackupSelectionResourceType(SelectionName="database", IamRoleArn=role.get_att("Arn"))
    if tags := telling_tags(database):
        selection.Resources = [Sub("arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:cluster:*")]
        selection.Conditions = backup.Conditions(
            StringEquals=[
                backup.ConditionParameter(ConditionKey=key, ConditionValue=value) for key, value in tags.items()
            ]
        )
    else:
        selection.Resources = [database.cluster_arn]
    template.add(
        backup.BackupSelection(f"{title}Selection", BackupPlanId=plan.ref(), BackupSelection=selection),
        why="Applies the plan to the stage's database, the restored one too.",
    )
    return plan


def tell_of_failures(
    template: Template, vault: backup.BackupVault, notifications: AlarmTopic, copies: CrossRegionBackup | None
) -> None:
    """Tell people of a backup, and of a copy, that did not come about."""
    kinds = {"Backup": "backupVaultArn"} | ({"Copy": "sourceBackupVaultArn"} if copies else {})
    for kind, vault_field in kinds.items():
        tell_of_event(
            template,
            f"{kind}Failed",
            notifications,
            alarm=f"{kind.lower()}-failed",
            pattern={
                "source": ["aws.backup"],
                "detail-type": [f"{kind} Job State Change"],
                "detail": {"state": FAILED, vault_field: [vault.get_att("BackupVaultArn")]},
            },
            message=f"{kind} of the database <state>: <reason>.",
            fields={"state": "$.detail.state", "reason": "$.detail.statusMessage"},
            why=f"Tells people that a {kind.lower()} of the database failed.",
        )
