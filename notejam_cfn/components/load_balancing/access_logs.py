"""The load balancer's access logs, which only go to S3."""

from __future__ import annotations

from troposphere import s3

from ...config.settings import LoadBalancerSettings
from ...core.suppressions import Suppression
from ...core.template import Template
from ...iam import resource_policies
from ..data.bucket import add_tls_only, closed_bucket

HOLDS_LOGS_ITSELF = Suppression(
    reason="This bucket is where access logs end: logging access to it would need another such bucket, and so on.",
    risk="Who read the logs is not logged here; CloudTrail data events can record it where that is asked for.",
    checkov=("CKV_AWS_18",),
    guard=("s3_bucket_logging_enabled_check",),
)
ENCRYPTED_BY_S3 = Suppression(
    reason="Elastic Load Balancing writes access logs only to buckets under S3's own key (SSE-S3).",
    risk="Reading is decided by IAM and the bucket's policy alone, without a second lock on a key.",
    guard=("s3_bucket_default_encryption_kms_check",),
)
LOGS_EXPIRE = Suppression(
    reason="Access logs name people's addresses and must be able to expire and be erased; versions undo an overwrite.",
    risk="An administrator of the account can delete access logs early.",
    guard=("s3_bucket_object_lock_enabled_check",),
)


def add_access_logs(template: Template, settings: LoadBalancerSettings) -> s3.Bucket:
    """Add the bucket of access logs, which Elastic Load Balancing only writes to S3 under S3's own key.

    It is kept when the stack goes, since CloudFormation cannot delete a bucket with objects; they expire by themselves.
    """
    by_s3 = s3.ServerSideEncryptionRule(
        ServerSideEncryptionByDefault=s3.ServerSideEncryptionByDefault(SSEAlgorithm="AES256")
    )
    expiring = s3.LifecycleRule(
        Id="expire",
        Status="Enabled",
        ExpirationInDays=settings.access_log_days,
        NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=1),
        AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=1),
    )
    bucket = closed_bucket(
        "AccessLogs",
        s3.BucketEncryption(ServerSideEncryptionConfiguration=[by_s3]),
        s3.LifecycleConfiguration(Rules=[expiring]),
    )
    bucket.DeletionPolicy = "Retain"
    template.add(
        bucket,
        why="Keeps a line for each request, for analysis with Athena, until it expires.",
        suppress=[HOLDS_LOGS_ITSELF, ENCRYPTED_BY_S3, LOGS_EXPIRE],
    )
    why = "Lets the load balancer write access logs, and nobody talk to the bucket without TLS."
    add_tls_only(template, bucket, why, resource_policies.allow_delivering_load_balancer_logs(bucket.get_att("Arn")))
    return bucket
