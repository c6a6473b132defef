"""E9504: a database that pauses waits between five minutes and a day."""

from __future__ import annotations

from typing import Any

from cfnlint.jsonschema import ValidationResult, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema

SCHEMA = {"properties": {"SecondsUntilAutoPause": {"minimum": 300, "maximum": 86400}}}


class AutoPause(CfnLintJsonSchema):
    """The pause is 300 to 86,400 seconds; a parameter's default and bounds stand for its value."""

    id = "E9504"
    shortdesc = "SecondsUntilAutoPause is between 300 and 86400"
    description = "Aurora refuses to pause sooner than five minutes or later than a day after the last connection"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html"

    def __init__(self) -> None:
        super().__init__(
            keywords=["Resources/AWS::RDS::DBCluster/Properties/ServerlessV2ScalingConfiguration"], all_matches=True
        )

    def validate(self, validator: Validator, keywords: Any, instance: Any, schema: Any) -> ValidationResult:
        """Judge one scaling configuration."""
        yield from super().validate(validator, keywords, instance, SCHEMA)
