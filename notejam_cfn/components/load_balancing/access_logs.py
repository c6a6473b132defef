"""The load balancer's access logs, which only go to S3."""

from __future__ import annotations

from troposphere import s3

from ...config.settings import LoadBalancerSettings
from ...core.suppressions import Suppression
from ...core.template import Template
from ...iam import resource_policies
from ..data.bucket import add_private_bucket, lifecycle_rule

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
    expiring = lifecycle_rule("expire", 1, ExpirationInDays=settings.access_log_days)
    return add_private_bucket(
        template,
        "AccessLogs",
        None,
        s3.LifecycleConfiguration(Rules=[expiring]),
        "Keeps a line for each request, for analysis with Athena, until it expires.",
        [HOLDS_LOGS_ITSELF, ENCRYPTED_BY_S3, LOGS_EXPIRE],
        "Lets the load balancer write access logs, and nobody talk to the bucket without TLS.",
        [resource_policies.allow_delivering_load_balancer_logs],
        DeletionPolicy="Retain",
    )
