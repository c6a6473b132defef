"""The repository of images that developers push for previews: no stage runs what is in it, and nothing stays long."""

from __future__ import annotations

import json

from troposphere import ecr

from ...core.suppressions import Suppression
from ...core.template import Template, component
from ...core.values import Value
from ..data.encryption import Encryption

KEPT_DAYS = 14
MOVABLE = Suppression(
    reason="Developers push what they try; a tag that moves is what they want, and previews run images by digest.",
    risk="A tag may mean another image tomorrow. No stage takes images from here.",
    checkov=("CKV_AWS_51",),
    guard=("ecr_private_tag_immutability_enabled_check",),
)


@component("previews")
def add_preview_images(template: Template, encryption: Encryption) -> Value:
    """Add the repository and return its address. An image goes two weeks after it was pushed, a preview in one."""
    pushed = {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": KEPT_DAYS}
    rule = {"rulePriority": 1, "description": "Two weeks", "selection": pushed, "action": {"type": "expire"}}
    lifecycle = json.dumps({"rules": [rule]}, separators=(",", ":"))
    repository = ecr.Repository(
        "Images",
        ImageTagMutability="MUTABLE",
        ImageScanningConfiguration=ecr.ImageScanningConfiguration(ScanOnPush=True),
        EncryptionConfiguration=ecr.EncryptionConfiguration(EncryptionType="KMS", KmsKey=encryption.key_arn),
        LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=lifecycle),
        EmptyOnDelete=True,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )
    why = "Keeps the images of previews for two weeks, apart from those that stages run."
    return template.add(repository, why=why, suppress=[MOVABLE]).get_att("RepositoryUri")
