"""E9517: a parameter does not remove what holds data."""

from __future__ import annotations

import cfnlint.data.AdditionalSpecs
from cfnlint._typing import RuleMatches
from cfnlint.helpers import load_resource
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template


class ConditionalState(CloudFormationLintRule):
    """A stateful resource has no Condition.

    When a condition no longer holds, the resource is removed: its DeletionPolicy decides, not its UpdateReplacePolicy,
    and the change set shows one resource that goes and another that comes instead of a replacement.
    """

    id = "E9517"
    shortdesc = "A stateful resource has no Condition"
    description = "A value that a person chooses changes a stateful resource or replaces it, and never removes it"
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"
    )

    def __init__(self) -> None:
        super().__init__()
        known = load_resource(cfnlint.data.AdditionalSpecs, "StatefulResources.json")
        self._stateful = frozenset(known["ResourceTypes"])

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each stateful resource that a condition may remove."""
        return [
            RuleMatch(["Resources", name, "Condition"], f"{resource['Type']} holds data: a parameter would remove it")
            for name, resource in cfn.get_resources().items()
            if resource.get("Type") in self._stateful and "Condition" in resource
        ]
