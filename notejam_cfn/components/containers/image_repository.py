"""The repository of container images, shared by all stages: an image is built once and promoted by its digest."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from troposphere import ecr

from ...config.settings import DeliverySettings
from ...core.inputs import Inputs
from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value, described
from ...iam import pipeline_policies, policies
from ..data.encryption import Encryption
from ..pipeline.stage_access import StageAccess

STAGE_TAG, RELEASE_TAG = "stage-", "release-"
MORE_THAN_ALL_STAGES = 1000
UNTAGGED_DAYS = 3
RELEASES_ARE_FIXED = Suppression(
    reason="Releases are immutable; only one kind of tag is excluded: the mark of what a stage runs.",
    risk="Whoever may push can move the mark; stages run images by digest, which no tag can change.",
    checkov=("CKV_AWS_51",),
    guard=("ecr_private_tag_immutability_enabled_check",),
)


@dataclasses.dataclass(frozen=True)
class ImageRepository(Inputs):
    """Where images are pushed to and pulled from."""

    uri: Value = described("Repository of container images")
    name: Value = described("Name of the repository of container images")
    arn: Value = described("ARN of the repository of container images")


@component("image-repository")
def add_image_repository(
    template: Template, settings: DeliverySettings, encryption: Encryption, others: Sequence[StageAccess] = ()
) -> ImageRepository:
    """Add a repository whose releases cannot be overwritten, scanned on push, tidied without touching what runs.

    `others` are stages of other accounts that pull from it. Only the tags `stage-NAME` may move, which keep the images
    that stages run. There is no cache of layers: a build of one commit could put something into the images of others.
    """
    movable = ecr.ImageTagMutabilityExclusionFilter(
        ImageTagMutabilityExclusionFilterType="WILDCARD", ImageTagMutabilityExclusionFilterValue=f"{STAGE_TAG}*"
    )
    repository = ecr.Repository(
        "Images",
        ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        ImageTagMutabilityExclusionFilters=[movable],
        ImageScanningConfiguration=ecr.ImageScanningConfiguration(ScanOnPush=True),
        EncryptionConfiguration=ecr.EncryptionConfiguration(EncryptionType="KMS", KmsKey=encryption.key_arn),
        LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=lifecycle(settings.kept_images)),
        DeletionPolicy="RetainExceptOnCreate",
        UpdateReplacePolicy="Retain",
    )
    if others:
        sharing = [pipeline_policies.share_images(other.account, other.tasks) for other in others]
        repository.RepositoryPolicyText = policies.policy(*sharing)
    why = "Keeps the images that stages run and can be taken back to."
    template.add(repository, why=why, suppress=[RELEASES_ARE_FIXED])
    return ImageRepository(
        uri=repository.get_att("RepositoryUri"), name=repository.ref(), arn=repository.get_att("Arn")
    )


def lifecycle(kept_images: int) -> str:
    """Return the rules, as JSON, by which old images go.

    An image that a rule selects by its tag is never expired by a rule after it, so the first rule, which never expires
    anything, protects what stages run. Source: Amazon ECR User Guide, "Lifecycle policy evaluation rules".
    """
    rules = {
        "Keep what stages run": _newest(f"{STAGE_TAG}*", MORE_THAN_ALL_STAGES),
        "Keep the newest releases": _newest(f"{RELEASE_TAG}*", kept_images),
        "Remove what lost its tag": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": UNTAGGED_DAYS,
        },
    }
    written = [
        {"rulePriority": priority, "description": words, "selection": selection, "action": {"type": "expire"}}
        for priority, (words, selection) in enumerate(rules.items(), start=1)
    ]
    return json.dumps({"rules": written}, separators=(",", ":"))


def _newest(pattern: str, kept: int) -> dict[str, Any]:
    return {"tagStatus": "tagged", "tagPatternList": [pattern], "countType": "imageCountMoreThan", "countNumber": kept}
