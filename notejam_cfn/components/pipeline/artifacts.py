"""Buckets of the delivery: what actions hand on, what administrators upload, and zips that are its source."""

from __future__ import annotations

import dataclasses

from awacs.aws import Statement
from troposphere import s3

from ...config.settings import DeliverySettings
from ...core.suppressions import READ_BY_ROLES_ONLY, Suppression
from ...core.template import Template, component
from ...core.values import Value
from ...iam import pipeline_policies, policies
from ..data.bucket import add_private_bucket, lifecycle_rule
from ..data.encryption import Encryption

ADMINISTRATION = "administration"
UPLOAD_DAYS = 7
MADE_AGAIN = Suppression(
    reason="What is in the bucket comes from the repository, can be made again, and must expire.",
    risk="An administrator of the account can delete artifacts early; the next run makes new ones.",
    guard=("s3_bucket_object_lock_enabled_check",),
)


@dataclasses.dataclass(frozen=True)
class Artifacts:
    """A bucket, and the key that its objects are encrypted with."""

    bucket_name: Value
    bucket_arn: Value
    key_arn: Value

    def reading(self, artifact: str) -> list[Statement]:
        """What reading artifacts of a name takes; `*` is any name."""
        return pipeline_policies.allow_reading_artifacts(self.bucket_arn, self.key_arn, artifact)

    def object_of(self, artifact: str) -> Statement:
        """What reading artifacts of a name takes beside the bucket and the key, for who has these already."""
        return self.reading(artifact)[0]

    def uploaded(self) -> Statement:
        """What reading what administrators put there takes."""
        uploads = policies.objects_of(self.bucket_arn, f"{ADMINISTRATION}/*")
        return policies.allow(policies.on("s3", "GetObject", "GetObjectVersion"), [uploads])

    def writing(self, artifact: str) -> list[Statement]:
        """What writing artifacts of a name takes; `*` is any name."""
        return pipeline_policies.allow_writing_artifacts(self.bucket_arn, self.key_arn, artifact)


@component("artifacts")
def add_artifact_store(template: Template, settings: DeliverySettings, encryption: Encryption) -> Artifacts:
    """Add the bucket of artifacts, which expire by themselves.

    Under `administration/` administrators put templates that are too large for a request, and releases, for a week.
    """
    uploads = lifecycle_rule("expire-uploads", 1, ExpirationInDays=UPLOAD_DAYS)
    uploads.Prefix = f"{ADMINISTRATION}/"
    bucket = add_private_bucket(
        template,
        "ArtifactBucket",
        encryption.key_arn,
        s3.LifecycleConfiguration(
            Rules=[lifecycle_rule("expire", 1, ExpirationInDays=settings.kept_artifact_days), uploads]
        ),
        "Holds what the pipeline's actions hand on: sources and plans.",
        [READ_BY_ROLES_ONLY, MADE_AGAIN],
    )
    return Artifacts(bucket_name=bucket.ref(), bucket_arn=bucket.get_att("Arn"), key_arn=encryption.key_arn)
