"""E9506: what holds data says what happens to the data."""

from __future__ import annotations

import cfnlint.data.AdditionalSpecs
from cfnlint._typing import RuleMatches
from cfnlint.helpers import load_resource
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

# cfn-lint counts no container images as state, though no release can be rolled back without them.
MORE_TYPES = frozenset({"AWS::ECR::Repository"})
POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")


class StatefulPolicies(CloudFormationLintRule):
    """A stateful resource has DeletionPolicy and UpdateReplacePolicy, whatever they say."""

    id = "E9506"
    shortdesc = "A stateful resource says what deleting and replacing it does"
    description = "The defaults delete the data; the choice to do so is written down with both policies"
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"
    )

    def __init__(self) -> None:
        super().__init__()
        known = load_resource(cfnlint.data.AdditionalSpecs, "StatefulResources.json")
        self._stateful = MORE_TYPES | set(known["ResourceTypes"])

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each policy that a stateful resource lacks."""
        return [
            RuleMatch(["Resources", name], f"{resource['Type']} holds data and has no {policy}")
            for name, resource in cfn.get_resources().items()
            if resource.get("Type") in self._stateful
            for policy in POLICIES
            if policy not in resource
        ]
