"""A second region: a vault and a key there for copies of the database's snapshots, and a template for copied images."""

from __future__ import annotations

import dataclasses

from troposphere import backup

from ...config.settings import BackupSettings
from ...core import names
from ...core.inputs import Inputs
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies, resource_policies
from ..data.encryption import add_key

GROUP = "Backups"


@dataclasses.dataclass(frozen=True)
class CrossRegionBackup(Inputs):
    """Where a plan copies snapshots to; with a condition, only when it holds."""

    vault_arn: Value = described("Vault that holds copies of the snapshots")
    vault_name: Value = described("Name of the vault")
    condition: str | None = None


def copies_elsewhere(template: Template) -> CrossRegionBackup:
    """Let the person who deploys name a vault in another region, which a stack of its own made there."""
    vault = template.add_parameter_in(
        GROUP,
        "Vault of copies",
        "CopyVaultArn",
        Type="String",
        Default="",
        AllowedPattern="|arn:[a-z-]+:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[a-zA-Z0-9_-]{2,50}",
        ConstraintDescription="empty, or the ARN of a backup vault",
        Description=(
            "Where snapshots are copied to: the output VaultArn of the stack made from copies.yaml in another region. "
            "Empty makes no copies."
        ),
    )
    return CrossRegionBackup(vault.ref(), vault.ref(), template.condition_given(vault))


@component("copies")
def add_cross_region_backup(
    template: Template, settings: BackupSettings, key_deletion_days: int = 30
) -> CrossRegionBackup:
    """Add the vault of copies with a key of its own region, both kept whatever happens to the stack.

    A copy is encrypted with the key of the vault it goes to, unlike the snapshot it was made of.
    Source: AWS Backup Developer Guide, "Encryption for backups in AWS Backup".
    """
    key = add_key(
        template,
        "CopyKey",
        "copies of backups and images",
        key_deletion_days,
        "Encrypts the copies in their own region, whose keys are what is left when the first region is gone.",
    )
    why = "Holds copies of the snapshots, out of reach of what happens to the first region."
    vault = add_vault(template, "CopyVault", settings, key.get_att("Arn"), False, why)
    return CrossRegionBackup(vault_arn=vault.get_att("BackupVaultArn"), vault_name=vault.ref())


def add_vault(
    template: Template, title: str, settings: BackupSettings, key_arn: Value, deletable: bool, why: str
) -> backup.BackupVault:
    """Add a vault. It is kept when the stack goes: one that holds anything cannot be deleted.

    Unless it is `deletable`, only AWS Backup itself deletes what it holds or shortens how long that is kept. A lock
    refuses what would be kept for less than a number of days, and to take anything away before its time. The number is
    a setting of its own: another schedule must not change a lock that nobody can change any more. Without a grace time
    whoever may change the vault can take the lock off; with one nobody can once it has passed.
    """
    vault = backup.BackupVault(
        title,
        BackupVaultName=names.backup_vault(template.stack_tags),
        EncryptionKeyArn=key_arn,
        DeletionPolicy="RetainExceptOnCreate",
        UpdateReplacePolicy="Retain",
    )
    if not deletable:
        # Set past troposphere, which would write the policy as one line of text that neither people nor engines read.
        vault.properties["AccessPolicy"] = policies.policy(resource_policies.refuse_deleting_backups())
    if settings.lock:
        vault.LockConfiguration = backup.LockConfigurationType(MinRetentionDays=settings.lock_days)
        if settings.lock_grace_days:
            vault.LockConfiguration.ChangeableForDays = settings.lock_grace_days
    return template.add(vault, why=why)
