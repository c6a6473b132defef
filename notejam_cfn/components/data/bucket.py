"""Buckets: encrypted, versioned, closed to the public and reached over TLS only."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from awacs.aws import Statement
from troposphere import s3

from ...config.settings import BucketSettings
from ...core.inputs import Inputs
from ...core.suppressions import READ_BY_ROLES_ONLY, TLS_IN_OTHER_WORDS, Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import policies, workload_policies
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
    rule = s3.LifecycleRule(
        Id="expire-old-versions",
        Status="Enabled",
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=settings.old_version_days),
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
    )
    if settings.expiry_days:
        rule.ExpirationInDays = settings.expiry_days
    bucket = add_private_bucket(
        template, f"{settings.name}Bucket", encryption, [rule], "Keeps the application's objects.", [VERSIONS_UNDO]
    )
    return Bucket(name=bucket.ref(), arn=bucket.get_att("Arn"), key_arn=encryption.key_arn)


def add_private_bucket(
    template: Template,
    title: str,
    encryption: Encryption,
    rules: list[s3.LifecycleRule],
    why: str,
    suppress: Sequence[Suppression],
) -> s3.Bucket:
    """Add a bucket that is encrypted, versioned, closed to the public and reached over TLS only.

    It is kept when the stack goes, since CloudFormation cannot delete a bucket with objects.
    """
    bucket = template.add(
        s3.Bucket(
            title,
            BucketEncryption=encrypted_with(encryption),
            PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
                BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
            ),
            OwnershipControls=s3.OwnershipControls(
                Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]
            ),
            VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
            NotificationConfiguration=s3.NotificationConfiguration(
                EventBridgeConfiguration=s3.EventBridgeConfiguration(EventBridgeEnabled=True)
            ),
            LifecycleConfiguration=s3.LifecycleConfiguration(Rules=rules),
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
        ),
        why=why,
        suppress=[READ_BY_ROLES_ONLY, *suppress],
    )
    arn = bucket.get_att("Arn")
    template.add(
        s3.BucketPolicy(
            f"{title}Policy",
            Bucket=bucket.ref(),
            PolicyDocument=policies.policy(policies.refuse_plain_http(arn)),
        ),
        why="Refuses requests to the bucket that are not over TLS.",
        suppress=[TLS_IN_OTHER_WORDS],
    )
    return bucket


def encrypted_with(encryption: Encryption) -> s3.BucketEncryption:
    """Encrypt a bucket's objects with a customer key, asked for once per bucket rather than once per object."""
    return s3.BucketEncryption(
        ServerSideEncryptionConfiguration=[
            s3.ServerSideEncryptionRule(
                BucketKeyEnabled=True,
                ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(
                    SSEAlgorithm="aws:kms", KMSMasterKeyID=encryption.key_arn
                ),
            )
        ]
    )
