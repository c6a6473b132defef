"""W9502: whoever finds a resource or a bill can tell what it belongs to."""

from __future__ import annotations

from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError
from cfnlint.template import Template

ALWAYS = ("project", "component")
STAGE = "stage"


class ResourceTags(CloudFormationLintRule):
    """What can be tagged has `project` and `component`; and `stage`, unless nothing in the template has it.

    A template without any `stage` tag belongs to the whole project, such as the pipeline's.
    """

    id = "W9502"
    shortdesc = "A resource that takes tags has project, stage and component"
    description = "Cost allocation, permissions by tag and people all read these three"
    source_url = "https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each resource that lacks a tag."""
        tagged = {
            name: (key, _keys(body, key))
            for name, body in cfn.get_resources().items()
            for key in [_tag_property(cfn.regions, str(body.get("Type")))]
            if key
        }
        of_a_stage = any(STAGE in keys for _, keys in tagged.values() if keys)
        required = (*ALWAYS, STAGE) if of_a_stage else ALWAYS
        return [
            RuleMatch(["Resources", name, "Properties"], f"{key} lacks {', '.join(missing)}")
            for name, (key, keys) in tagged.items()
            if keys is not None
            for missing in [[tag for tag in required if tag not in keys]]
            if missing
        ]


def _tag_property(regions: list[str], kind: str) -> str | None:
    """Return the property that takes a type's tags in the first region that knows the type, or None."""
    for region in regions:
        try:
            schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
        except ResourceNotFoundError:
            continue
        tagging = schema.get("tagging", {})
        key = str(tagging.get("tagProperty", "/properties/Tags")).rpartition("/")[2]
        return key if tagging.get("taggable") and key in schema.get("properties", {}) else None
    return None


def _keys(body: dict[str, Any], key: str) -> set[str] | None:
    """Return the tags' keys, or None when only a deployment knows them."""
    tags = body.get("Properties", {}).get(key, [])
    if isinstance(tags, list):
        return {str(tag.get("Key")) for tag in tags if isinstance(tag, dict)}
    return None if any(name == "Ref" or name.startswith("Fn::") for name in tags) else set(tags)
