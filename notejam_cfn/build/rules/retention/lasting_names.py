"""E9513: what outlives its stack, or comes back after it, does not stand in the way of the next stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError
from cfnlint.template import Template

from notejam_cfn.core.references import references

LOG_GROUP = "AWS::Logs::LogGroup"
# Its schema identifies a repository by a number; an account and region has one of a name.
NAMES = {"AWS::CodeCommit::Repository": ("RepositoryName",)}
KEPT = ("Retain", "RetainExceptOnCreate")
STACK_ID = "AWS::StackId"
ANY_REGION = "us-east-1"


class LastingNames(CloudFormationLintRule):
    """A fixed name of a log group, or of what is kept, has a part that no other stack has.

    Services write to a log group after its stack is gone, and so make it again; what is kept is there still. The next
    stack of that name would fail with "already exists". The stack's id, or another resource of it, is such a part.
    """

    id = "E9513"
    shortdesc = "A name that outlives its stack is unique to it"
    description = "The physical name of a log group or of a retained resource refers to AWS::StackId or to a resource"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.CloudWatch.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each lasting name that another stack would form too."""
        resources = cfn.get_resources()
        return [
            RuleMatch(
                ["Resources", name, "Properties", key],
                f"{resource['Type']} outlives its stack, and the next one would take the same name: "
                f"add a part of {STACK_ID}",
            )
            for name, resource in resources.items()
            if resource.get("Type") == LOG_GROUP
            or any(resource.get(policy) in KEPT for policy in ("DeletionPolicy", "UpdateReplacePolicy"))
            for key in _names(resource)
            if not any(name == STACK_ID or name in resources for name in references(resource["Properties"][key]))
        ]


def _names(resource: dict[str, Any]) -> Iterator[str]:
    """Yield the properties that the template names a resource by."""
    kind, properties = resource.get("Type", ""), resource.get("Properties", {})
    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(ANY_REGION, kind).schema
    except ResourceNotFoundError:
        return
    identifiers = [path.removeprefix("/properties/") for path in schema.get("primaryIdentifier", ())]
    yield from (name for name in (*identifiers, *NAMES.get(kind, ())) if name in properties)
