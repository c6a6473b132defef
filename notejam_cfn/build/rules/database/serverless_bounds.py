"""E9502: Aurora Serverless v2 has bounds that its resource schema does not state."""

from __future__ import annotations

from collections import deque
from typing import Any

from cfnlint.jsonschema import ValidationError, ValidationResult, Validator
from cfnlint.rules.jsonschema.CfnLintKeyword import CfnLintKeyword

BOUNDS = {"MinCapacity": (0, 256), "MaxCapacity": (1, 256), "SecondsUntilAutoPause": (300, 86_400)}


class ServerlessBounds(CfnLintKeyword):
    """Capacity and the pause stay within bounds, whatever a deployment chooses.

    Where a property refers to a parameter, its default, bounds and allowed values stand for the value.
    """

    id = "E9502"
    shortdesc = "Aurora Serverless v2 capacity and pause are within bounds"
    description = "MinCapacity is 0 to 256, MaxCapacity 1 to 256, SecondsUntilAutoPause 300 to 86400"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html"

    def __init__(self) -> None:
        super().__init__(keywords=["Resources/AWS::RDS::DBCluster/Properties/ServerlessV2ScalingConfiguration"])

    def validate(self, validator: Validator, keywords: Any, instance: Any, schema: Any) -> ValidationResult:
        """Judge one scaling configuration."""
        for name, (low, high) in BOUNDS.items():
            values = [value for value, _, _ in validator.resolve_value(instance.get(name))]
            for number in sorted({float(value) for value in values if _is_number(value)}):
                if not low <= number <= high:
                    yield ValidationError(f"{name} must be {low} to {high}, and can be {number:g}", path=deque([name]))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, str)) and str(value).replace(".", "", 1).lstrip("-").isdigit()
