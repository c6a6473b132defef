"""E9509: a template can be sent to CloudFormation in the request itself."""

from __future__ import annotations

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.composition.partition import REQUEST_BYTES, parts_of, size_of, way_out


class TemplateSize(CloudFormationLintRule):
    """As compact JSON a template is at most `bytes` long: 51,200 unless configured otherwise."""

    id = "E9509"
    shortdesc = "A template fits in a request to CloudFormation"
    description = "A larger template needs a bucket before the first deployment; measured as JSON without white space"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {"bytes": {"default": REQUEST_BYTES, "type": "integer"}}
        self.configure()  # type: ignore[no-untyped-call]

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match when the template is too large."""
        size, limit = size_of(cfn.template), self.config["bytes"]
        if size <= limit:
            return []
        message = f"{size:,} bytes as compact JSON is over {limit:,}"
        return [RuleMatch(["Resources"], f"{message}: {way_out(parts_of(cfn.template, limit))}")]
