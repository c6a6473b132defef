"""W9501: every resource says why it is there."""

from __future__ import annotations

from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

CONTEXT = "com.aws.cloudformation.Context"


class Why(CloudFormationLintRule):
    """A resource's metadata carries a reason; cfn-lint's I4010 asks it of some types only."""

    id = "W9501"
    shortdesc = "A resource says why it exists"
    description = f"Metadata.{CONTEXT}.why is one sentence for whoever reviews, operates or deletes the resource"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-metadata.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each resource without a reason."""
        return [
            RuleMatch(["Resources", name], f"Metadata.{CONTEXT}.why is missing: say in a sentence why it is there")
            for name, resource in cfn.get_resources().items()
            if not _reason(resource).strip()
        ]


def _reason(resource: dict[str, Any]) -> str:
    context = resource.get("Metadata", {}).get(CONTEXT, {})
    return str(context.get("why", "")) if isinstance(context, dict) else ""
