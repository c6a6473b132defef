"""Log groups, made the same way everywhere: kept for a stated time, encrypted with the stage's key."""

from __future__ import annotations

from troposphere import GetStackOutput, logs

from ...core.suppressions import KEY_OF_ANOTHER_STACK
from ...core.template import Template
from ...core.values import Value
from ..data.encryption import Encryption


def add_log_group(
    template: Template, title: str, retention_days: int, encryption: Encryption, why: str, name: Value | None = None
) -> logs.LogGroup:
    """Add a log group. It has a name of its own only where AWS demands one.

    It is deleted with its stack, so that a stage can be created again under the same name; a change that would replace
    it keeps the old one.
    """
    group = logs.LogGroup(
        title,
        RetentionInDays=retention_days,
        KmsKeyId=encryption.key_arn,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Retain",
    )
    if name is not None:
        group.LogGroupName = name
    suppressions = [KEY_OF_ANOTHER_STACK] if isinstance(encryption.key_arn, GetStackOutput) else []
    return template.add(group, why=why, suppress=suppressions)
