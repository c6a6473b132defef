"""Buckets of the delivery: what the pipeline's actions hand on, and zips that are its source."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from troposphere import iam, s3

from ...config.settings import DeliverySettings
from ...core.suppressions import READ_BY_ROLES_ONLY, TLS_IN_OTHER_WORDS, Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import pipeline_policies, policies
from ..data.encryption import Encryption
from .target_accounts import TargetAccount

UPLOADS_PREFIX = "uploads/"
UPLOAD_DAYS = 7
MADE_AGAIN = Suppression(
    reason="What is in the bucket comes from the repository, can be made again, and must expire.",
    risk="An administrator of the account can delete artifacts early; the next run makes new ones.",
    guard=("s3_bucket_object_lock_enabled_check",),
)


@dataclasses.dataclass(frozen=True)
class Artifacts:
    """A bucket and the key its objects are encrypted with. `policy_arn` is what a role needs to use them."""

    bucket_name: Value = described("Bucket of the pipeline's artifacts")
    bucket_arn: Value = described("ARN of the pipeline's artifact bucket")
    key_arn: Value = described("Key of the pipeline's artifacts")
    policy_arn: Value = ""


@component("artifact-policy")
def add_artifact_policy(template: Template, own: Artifacts, others: Sequence[Artifacts]) -> Artifacts:
    """Add the policy for using the pipeline's bucket of artifacts and those of other regions; return both together."""
    statements = [
        statement
        for store in (own, *others)
        for statement in pipeline_policies.allow_using_artifacts(store.bucket_arn, store.key_arn)
    ]
    use = template.add(
        iam.ManagedPolicy(
            "UseArtifacts",
            Description="Read and write the artifacts that the pipeline's actions hand on",
            PolicyDocument=policies.policy(*statements),
        ),
        why="Lets the pipeline, its actions and its builds use the artifacts; each of their roles has it.",
    )
    return dataclasses.replace(own, policy_arn=use.ref())


@component("artifact-store")
def add_artifact_store(
    template: Template, settings: DeliverySettings, encryption: Encryption, guests: Sequence[TargetAccount] = ()
) -> Artifacts:
    """Add a bucket of artifacts, which expire by themselves; the pipeline needs one in each region it deploys to.

    What a person uploads for one build goes under `uploads/` and is kept for a week. `guests` use it from elsewhere.
    """
    bucket = add_private_bucket(
        template,
        "ArtifactBucket",
        encryption,
        [
            expiry("expire", settings.kept_artifact_days),
            expiry("expire-uploads", UPLOAD_DAYS, UPLOADS_PREFIX),
        ],
        "Holds what the pipeline's actions hand on: sources, templates, plans.",
        guests,
    )
    return Artifacts(bucket_name=bucket.ref(), bucket_arn=bucket.get_att("Arn"), key_arn=encryption.key_arn)


def add_private_bucket(
    template: Template,
    title: str,
    encryption: Encryption,
    rules: list[s3.LifecycleRule],
    why: str,
    guests: Sequence[TargetAccount] = (),
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
        suppress=[READ_BY_ROLES_ONLY, MADE_AGAIN],
    )
    arn = bucket.get_att("Arn")
    sharing = [one for guest in guests for one in pipeline_policies.share_artifacts(arn, guest.account, guest.delivery)]
    template.add(
        s3.BucketPolicy(
            f"{title}Policy",
            Bucket=bucket.ref(),
            PolicyDocument=policies.policy(policies.refuse_plain_http(arn), *sharing),
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


def expiry(name: str, days: int, prefix: str = "") -> s3.LifecycleRule:
    """Expire objects after days, their old versions a day later, and uploads that were never finished."""
    rule = s3.LifecycleRule(
        Id=name,
        Status="Enabled",
        ExpirationInDays=days,
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=1),
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
    )
    if prefix:
        rule.Prefix = prefix
    return rule
