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
    """Add a closed bucket under a customer key that is reached over TLS only."""
    lifecycle = s3.LifecycleConfiguration(Rules=rules)
    bucket = template.add(
        closed_bucket(title, encrypted_with(encryption.key_arn), lifecycle),
        why=why,
        suppress=[READ_BY_ROLES_ONLY, *suppress],
    )
    add_tls_only(template, bucket, "Refuses requests to the bucket that are not over TLS.")
    return bucket


def closed_bucket(title: str, encryption: s3.BucketEncryption, lifecycle: s3.LifecycleConfiguration) -> s3.Bucket:
    """Make a bucket that is encrypted, versioned and closed to the public.

    It is kept when the stack goes, since CloudFormation cannot delete a bucket with objects.
    """
    return s3.Bucket(
        title,
        BucketEncryption=encryption,
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        OwnershipControls=s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        NotificationConfiguration=s3.NotificationConfiguration(
            EventBridgeConfiguration=s3.EventBridgeConfiguration(EventBridgeEnabled=True)
        ),
        LifecycleConfiguration=lifecycle,
        DeletionPolicy="RetainExceptOnCreate",
        UpdateReplacePolicy="Retain",
    )


def add_tls_only(template: Template, bucket: s3.Bucket, why: str, *allowed: Statement) -> None:
    """Add the policy of a bucket: what is allowed besides what roles have, and nothing without TLS."""
    template.add(
        s3.BucketPolicy(
            f"{bucket.title}Policy",
            Bucket=bucket.ref(),
            PolicyDocument=policies.policy(*allowed, resource_policies.refuse_plain_http(bucket.get_att("Arn"))),
        ),
        why=why,
        suppress=[TLS_IN_OTHER_WORDS],
    )


def encrypted_with(key_arn: Value) -> s3.BucketEncryption:
    """Encrypt a bucket's objects with a customer key, asked for once per bucket rather than once per object."""
    by_default = s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key_arn)
    rule = s3.ServerSideEncryptionRule(ServerSideEncryptionByDefault=by_default, BucketKeyEnabled=True)
    return s3.BucketEncryption(ServerSideEncryptionConfiguration=[rule])
