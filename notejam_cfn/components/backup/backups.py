"""What is kept of the database: a vault that outlives it, and the plan that fills it.

Aurora's snapshots stay in the warm tier for as long as they are kept: AWS Backup has no cold tier for them. What is
older than the plan keeps is archived by exports instead (see `exports`).
Source: AWS Backup Developer Guide, "Feature availability by resource".
"""

from __future__ import annotations

import dataclasses

from troposphere import If, NoValue, Sub, backup, iam

from ...config.settings import BackupSettings
from ...core import names
from ...core.inputs import Inputs, InvalidInput
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies
from ..data.database import Database
from ..data.encryption import Encryption, add_kept_key
from ..observability.alarm_topic import AlarmTopic, tell_of_event
from .cross_region import CrossRegionBackup, keep_until_its_time, lock
from .restore_testing import add_restore_testing, found_by_tags
from .snapshot_export import add_snapshot_export

MINUTES_TO_START, MINUTES_TO_FINISH = 60, 720
DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"
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
    key_arn = add_backup_key(template, encryption) if settings.own_key else encryption.key_arn
    vault = add_vault(template, settings, encryption)
    role = add_backup_role(template)
    regular = add_plan(template, "Regular", regular_rules(settings, vault, copies))
    select_database(template, "Regular", database, regular, role)
    exports = None
    if settings.monthly_retention_days:
        monthly = add_plan(template, "Monthly", [monthly_rule(settings, vault, copies)])
        select_database(template, "Monthly", database, monthly, role)
        if settings.export:
            exports = add_snapshot_export(template, settings, vault, monthly, key_arn, encryption, notifications)
    if settings.restore_test:
        add_restore_testing(template, vault, role, database, notifications)
    tell_of_failures(template, vault, notifications, copies)
    return Backups(
        vault_name=vault.ref(),
        role_arn=role.get_att("Arn"),
        key_arn=key_arn,
        bucket=exports.bucket if exports else None,
        export_arn=exports.machine_arn if exports else None,
        export_log_group_name=exports.log_group_name if exports else None,
    )


def add_backup_key(template: Template, encryption: Encryption) -> Value:
    """Add the key of the exports, and return its ARN. It is kept whatever happens to the stack."""
    return add_kept_key(
        template,
        "BackupKey",
        "exports",
        encryption.deletion_days,
        "Encrypts exports, which must be readable when the stage's own key is gone.",
    )


def add_vault(template: Template, settings: BackupSettings, encryption: Encryption) -> backup.BackupVault:
    """Add the vault. It is kept when the stack goes: one that holds anything cannot be deleted.

    A vault's key can never be changed, so it is the stage's own, which no setting changes. It encrypts little: Aurora's
    snapshots stay under the cluster's key, in any vault.
    Source: AWS Backup Developer Guide, "Encryption for backups in AWS Backup".
    """
    vault = backup.BackupVault(
        "BackupVault",
        BackupVaultName=names.backup_vault(template.stack_tags),
        EncryptionKeyArn=encryption.key_arn,
        DeletionPolicy="RetainExceptOnCreate",
        UpdateReplacePolicy="Retain",
    )
    if not settings.deletable:
        keep_until_its_time(vault)
    if settings.lock:
        vault.LockConfiguration = lock(settings)
    return template.add(vault, why="Holds the database's snapshots, out of reach of what happens to the database.")


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


def add_plan(template: Template, title: str, rules: list[backup.BackupRuleResourceType]) -> backup.BackupPlan:
    """Add a plan of rules."""
    plan = backup.BackupPlanResourceType(BackupPlanName=f"{title.lower()} backups", BackupPlanRule=rules)
    return template.add(
        backup.BackupPlan(f"{title}Backups", BackupPlan=plan),
        why="Says when snapshots are taken and how long they are kept.",
    )


def regular_rules(
    settings: BackupSettings, vault: backup.BackupVault, copies: CrossRegionBackup | None
) -> list[backup.BackupRuleResourceType]:
    """Return the rules for the recent past: a day's and a week's snapshot. Any second of it is RDS's own to recover.

    They begin an hour apart, so that no snapshot waits for another of the same cluster.
    """
    rules = []
    if settings.daily_retention_days:
        rule = _rule(DAILY, vault, _cron(settings.at_hour + 1), settings.daily_retention_days)
        if copies:
            rule.CopyActions = _copy(copies, settings.copy_retention_days)
        rules.append(rule)
    if settings.weekly_retention_days:
        rules.append(_rule(WEEKLY, vault, _cron(settings.at_hour + 2, days="? * SUN"), settings.weekly_retention_days))
    return rules


def monthly_rule(
    settings: BackupSettings, vault: backup.BackupVault, copies: CrossRegionBackup | None
) -> backup.BackupRuleResourceType:
    """Return the rule for three years: a snapshot on the first of each month, copied for as long as it is kept."""
    rule = _rule(MONTHLY, vault, _cron(settings.at_hour + 3, days="1 * ?"), settings.monthly_retention_days)
    if copies:
        rule.CopyActions = _copy(copies, settings.monthly_retention_days)
    return rule


def select_database(
    template: Template, title: str, database: Database, plan: backup.BackupPlan, role: iam.Role
) -> None:
    """Apply a plan to the database, found by the tags that its stack and its component gave it, or by its ARN."""
    selection = backup.BackupSelectionResourceType(SelectionName="database", IamRoleArn=role.get_att("Arn"))
    if found_by_tags(database):
        selection.Resources = [Sub("arn:${AWS::Partition}:rds:${AWS::Region}:${AWS::AccountId}:cluster:*")]
        selection.Conditions = backup.Conditions(
            StringEquals=[
                backup.ConditionParameter(ConditionKey=f"aws:ResourceTag/{key}", ConditionValue=value)
                for key, value in database.tags.items()
            ]
        )
    else:
        selection.Resources = [database.cluster_arn]
    template.add(
        backup.BackupSelection(f"{title}Selection", BackupPlanId=plan.ref(), BackupSelection=selection),
        why="Applies the plan to the stage's database, the restored one too.",
    )


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


def _rule(name: str, vault: backup.BackupVault, schedule: str, retention_days: int) -> backup.BackupRuleResourceType:
    return backup.BackupRuleResourceType(
        RuleName=name,
        TargetBackupVault=vault.ref(),
        ScheduleExpression=schedule,
        StartWindowMinutes=MINUTES_TO_START,
        CompletionWindowMinutes=MINUTES_TO_FINISH,
        Lifecycle=backup.LifecycleResourceType(DeleteAfterDays=retention_days),
        RecoveryPointTags={"schedule": name},
    )


def _copy(copies: CrossRegionBackup, retention_days: int) -> If | list[backup.CopyActionResourceType]:
    lifecycle = backup.LifecycleResourceType(DeleteAfterDays=retention_days)
    actions = [backup.CopyActionResourceType(DestinationBackupVaultArn=copies.vault_arn, Lifecycle=lifecycle)]
    return If(copies.condition, actions, NoValue) if copies.condition else actions


def _cron(hour: int, days: str = "* * ?") -> str:
    return f"cron(0 {hour % 24} {days} *)"
