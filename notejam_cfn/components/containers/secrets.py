"""Secrets of a task: where ECS reads a variable from, and the permission that reading it takes, in one object."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping

from awacs.aws import Statement
from troposphere import Ref, Sub

from ...core.composition.encoding import encoded
from ...core.inputs import Inputs, InvalidInput, shown
from ...core.values import Value
from ...iam import policies, workload_policies

SECRET_ARN = re.compile(r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^:]+")
PARAMETER_ARN = re.compile(r"arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter/.+")
PARAMETER_NAME = re.compile(r"/?[\w.-]+(/[\w.-]+)*")
# Secrets Manager ends an ARN with six characters of its own; without them ECS finds the secret, and IAM does not.
# Source: AWS Secrets Manager User Guide, "What's in a Secrets Manager secret?".
RANDOM_END = re.compile(r"-[A-Za-z0-9]{6}$")


@dataclasses.dataclass(frozen=True)
class Secret(Inputs):
    """What a variable is read from when a task starts: made by `secret` and `parameter`.

    `value_from` is what ECS is told, `permission` what the roles of the task may do for it. `kms_key` is the key that
    encrypts it; None is the key that the service, worker or job is given.
    """

    value_from: Value
    permission: Statement
    kms_key: Value | None = None


def secret(arn: Value, key: str = "", kms_key: Value | None = None) -> Secret:
    """Read a secret of Secrets Manager, or one key of it where it is JSON, in its newest version.

    `kms_key` is the ARN of the key that encrypts it, when that is not the one that the service is given.
    Source: Amazon ECS Developer Guide, "Pass Secrets Manager secrets through Amazon ECS environment variables".
    """
    if isinstance(arn, str) and not SECRET_ARN.fullmatch(arn):
        hint = "; a parameter is read by parameter(…)" if ":ssm:" in arn else ""
        raise InvalidInput("arn", f"must be the ARN of a secret in Secrets Manager{hint}, got {shown(arn)}")
    if not re.fullmatch(r"[^:]*", key):
        raise InvalidInput("key", f"must be a key of the secret's JSON, without a colon, got {shown(key)}")
    known = arn if not isinstance(arn, str) or RANDOM_END.search(arn) else f"{arn}-??????"
    suffix = f":{key}::" if key else ""
    value_from = arn + suffix if isinstance(arn, str) else policies.within(arn, suffix) if key else arn
    return Secret(value_from, policies.allow_reading_secret(known), kms_key)


def parameter(arn: Value, kms_key: Value | None = None) -> Secret:
    """Read a parameter of SSM Parameter Store, by its ARN or, in this account and region, by its name.

    `kms_key` is the ARN of the key that encrypts it, when it is a SecureString under another key than AWS's own or the
    one that the service is given.
    Source: Amazon ECS Developer Guide, "Pass Systems Manager parameters through Amazon ECS environment variables".
    """
    if isinstance(arn, Ref):
        problem = "must be an ARN or a name, got a Ref, which is a name that no ARN can be made of: write the name"
        raise InvalidInput("arn", problem)
    if isinstance(arn, str) and not arn.startswith("arn:"):
        if not PARAMETER_NAME.fullmatch(arn):
            raise InvalidInput("arn", f"must be the ARN or the name of a parameter, got {shown(arn)}")
        place = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/"
        arn = Sub(place + arn.removeprefix("/"))
    elif isinstance(arn, str) and not PARAMETER_ARN.fullmatch(arn):
        hint = "; a secret is read by secret(…)" if ":secretsmanager:" in arn else ""
        raise InvalidInput("arn", f"must be the ARN of a parameter in SSM{hint}, got {shown(arn)}")
    return Secret(arn, workload_policies.allow_reading_parameter(arn), kms_key)


def allow_reading(secrets: Iterable[Mapping[str, Secret]], own_key: Value) -> list[Statement]:
    """Return what reading secrets takes, each once: the secrets themselves, and decrypting with their keys."""
    found = [one for each in secrets for one in each.values()]
    keys = [own_key if one.kms_key is None else one.kms_key for one in found]
    statements = [*(one.permission for one in found), *map(policies.allow_decrypting_with, keys)]
    return list({str(encoded(statement)): statement for statement in statements}.values())
