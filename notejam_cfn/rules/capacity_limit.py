"""E9502: Aurora Serverless v2 has a largest capacity that its schema does not state."""

from __future__ import annotations

from typing import Any

from cfnlint.jsonschema import ValidationResult, Validator
from cfnlint.rules.jsonschema.CfnLintJsonSchema import CfnLintJsonSchema

SCHEMA = {
    "properties": {
        "MinCapacity": {"minimum": 0, "maximum": 256},
        "MaxCapacity": {"minimum": 1, "maximum": 256},
    }
}


class CapacityLimit(CfnLintJsonSchema):
    """Capacity lies between 0 (paused) and 256 units; a parameter's default and bounds stand for its value."""

    id = "E9502"
    shortdesc = "Aurora Serverless v2 capacity is at most 256 units"
    description = "MinCapacity is 0 to 256 and MaxCapacity 1 to 256 Aurora capacity units, also at a parameter's bounds"
    source_url = (
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/"
        "aurora-serverless-v2.setting-capacity.html#aurora-serverless-v2.max_capacity_considerations"
    )

    def __init__(self) -> None:
        super().__init__(
            keywords=["Resources/AWS::RDS::DBCluster/Properties/ServerlessV2ScalingConfiguration"], all_matches=True
        )

    def validate(self, validator: Validator, keywords: Any, instance: Any, schema: Any) -> ValidationResult:
        """Judge one scaling configuration."""
        yield from super().validate(validator, keywords, instance, SCHEMA)
