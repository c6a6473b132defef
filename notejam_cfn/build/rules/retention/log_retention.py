"""E9507: no log is kept forever by accident."""

from __future__ import annotations

from typing import Any

from cfnlint.jsonschema import ValidationError, ValidationResult, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema

SCHEMA = {"required": ["RetentionInDays"]}


class LogRetention(CfnLintJsonSchema):
    """A log group says how long it keeps its events."""

    id = "E9507"
    shortdesc = "A log group has a retention"
    description = "Without RetentionInDays a log group keeps its events, and costs, forever"
    source_url = (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html"
        "#cfn-logs-loggroup-retentionindays"
    )

    def __init__(self) -> None:
        super().__init__(keywords=["Resources/AWS::Logs::LogGroup/Properties"])

    def validate(self, validator: Validator, keywords: Any, instance: Any, schema: Any) -> ValidationResult:
        """Judge the properties of one log group."""
        yield from super().validate(validator, keywords, instance, SCHEMA)

    def message(self, instance: Any, err: ValidationError) -> str:
        return "RetentionInDays is missing: events would be kept forever"
