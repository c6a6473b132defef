"""Buckets: encrypted, versioned, closed to the public and reached over TLS only."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from awacs.aws import Statement
from troposphere import s3

from ...config.settings import BucketSettings
from ...core.inputs import Inputs
from ...core.suppressions import READ_BY_ROLES_ONLY, TLS_IN_OTHER_WORDS, Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies, resource_policies, workload_policies
from .encryption import Encryption

VERSIONS_UNDO = Suppression(
    reason="What people upload must be able to be erased; versions undo an overwrite or a deletion for a time.",
    risk="An administrator of the account can delete objects for good.",
    guard=("s3_bucket_object_lock_enabled_check",),
)


@dataclasses.dataclass(frozen=True)
class Bucket(Inputs):
    """A bucket, and the key that its objects are encrypted with. Who may use it gets `reading` or `writing`."""

    name: Value = described("Bucket")
    arn: Value = described("Bucket that permissions name")
    key_arn: Value = described("Key that the bucket's objects are encrypted with")

    @property
    def reading(self) -> list[Statement]:
        """What listing and reading objects takes."""
        return workload_policies.allow_reading_bucket(self.arn, self.key_arn)

    @property
    def writing(self) -> list[Statement]:
        """What listing, reading, writing and deleting objects takes."""
        return workload_policies.allow_writing_bucket(self.arn, self.key_arn)


@component("bucket")
def add_bucket(template: Template, settings: BucketSettings, encryption: Encryption) -> Bucket:
    """Add a bucket of objects that the application keeps. Old versions go after days, unfinished uploads after one."""
    rule = lifecycle_rule("expire-old-versions", settings.old_version_days)
    if settings.expiry_days:
        rule.ExpirationInDays = settings.expiry_days
    bucket = add_private_bucket(
        template,
        f"{settings.name}Bucket",
        encryption.key_arn,
        s3.LifecycleConfiguration(Rules=[rule]),
        "Keeps the application's objects.",
        [READ_BY_ROLES_ONLY, VERSIONS_UNDO],
    )
    return Bucket(name=bucket.ref(), arn=bucket.get_att("Arn"), key_arn=encryption.key_arn)


def lifecycle_rule(name: str, old_version_days: int, **properties: Any) -> s3.LifecycleRule:
    """Make a rule by which old versions go after days and unfinished uploads after one, and what properties say."""
    return s3.LifecycleRule(
        Id=name,
        Status="Enabled",
        **properties,
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=old_version_days),
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
    )


def add_private_bucket(
    template: Template,
    title: str,
    key_arn: Value | None,
    lifecycle: s3.LifecycleConfiguration,
    why: str,
    suppress: Sequence[Suppression],
    policy_why: str = "Refuses requests to the bucket that are not over TLS.",
    allowed: Sequence[Callable[[Value], Statement]] = (),
    **properties: Any,
) -> s3.Bucket:
    """Add a bucket that is encrypted, versioned, closed to the public and reached over TLS only.

    A customer key is asked for once per bucket rather than once per object; without one the objects are under S3's own.
    The bucket's policy allows besides what roles have what `allowed` makes of the bucket's ARN. The bucket is kept when
    the stack goes, since CloudFormation cannot delete one with objects.
    """
    by_default = s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    if key_arn is not None:
        by_default = s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key_arn)
    encryption = s3.ServerSideEncryptionRule(ServerSideEncryptionByDefault=by_default)
    if key_arn is not None:
        encryption.BucketKeyEnabled = True
    bucket = s3.Bucket(
        title,
        BucketEncryption=s3.BucketEncryption(ServerSideEncryptionConfiguration=[encryption]),
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        OwnershipControls=s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        NotificationConfiguration=s3.NotificationConfiguration(
            EventBridgeConfiguration=s3.EventBridgeConfiguration(EventBridgeEnabled=True)
        ),
        LifecycleConfiguration=lifecycle,
        **{"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"} | properties,
    )
    template.add(bucket, why=why, suppress=suppress)
    arn = bucket.get_att("Arn")
    document = policies.policy(*(allow(arn) for allow in allowed), resource_policies.refuse_plain_http(arn))
    template.add(
        s3.BucketPolicy(f"{title}Policy", Bucket=bucket.ref(), PolicyDocument=document),
        why=policy_why,
        suppress=[TLS_IN_OTHER_WORDS],
    )
    return bucket
