"""The stage's key: one customer key that encrypts its database, secrets and logs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import kms

from ...config.settings import EncryptionSettings
from ...core import names
from ...core.inputs import Inputs
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies, resource_policies

PUBLISHERS = ("budgets", "cloudwatch", "sns")


@dataclasses.dataclass(frozen=True)
class Encryption(Inputs):
    """The key others encrypt with; one that exists needs the same grants in its policy.

    `deletion_days` are those for which a deleted key can still be saved.
    """

    key_arn: Value = described("Key that encrypts the stage's data, secrets and logs")
    deletion_days: int = 30


@component("encryption")
def add_encryption(
    template: Template,
    settings: EncryptionSettings,
    services: Sequence[str] = PUBLISHERS,
) -> Encryption:
    """Add a key that rotates every year, with an alias named like the stack.

    `services` publish to encrypted topics of the stack; EventBridge always may.
    A stage has one: a second key would cost as much again and be held by the same people.
    """
    key = add_key(
        template,
        "Key",
        "database, secrets and logs",
        settings.key_deletion_days,
        "Encrypts the stage's data, secrets and logs under a key that only this account decides about.",
        resource_policies.allow_log_groups_to_use_key(),
        resource_policies.allow_services_to_use_key(*services),
        resource_policies.allow_events_to_use_key(),
        kept=settings.keep_key,
    )
    template.add(
        kms.Alias("KeyAlias", AliasName=names.of_stack("", prefix="alias/"), TargetKeyId=key.ref()),
        why="Gives the key a name that people can recognise.",
    )
    return Encryption(key_arn=key.get_att("Arn"), deletion_days=settings.key_deletion_days)


def add_key(
    template: Template, title: str, what: str, deletion_days: int, why: str, *grants: Statement, kept: bool = True
) -> kms.Key:
    """Add a key of what it encrypts, kept whatever happens to the stack unless that is not asked for.

    The pipeline's roles of other stages stay off a stage's key, and those of every stage off the pipeline's own.
    """
    tags = template.stack_tags
    others = [resource_policies.refuse_stages(tags["project"], tags.get("stage"))] if "project" in tags else []
    return template.add(
        kms.Key(
            title,
            Description=names.of_stack(f": {what}"),
            EnableKeyRotation=True,
            PendingWindowInDays=deletion_days,
            KeyPolicy=policies.policy(
                resource_policies.allow_account_to_administer_key(),
                resource_policies.refuse_grants_to_people(),
                *grants,
                *others,
            ),
            DeletionPolicy="RetainExceptOnCreate" if kept else "Delete",
            UpdateReplacePolicy="Retain",
        ),
        why=why,
    )
