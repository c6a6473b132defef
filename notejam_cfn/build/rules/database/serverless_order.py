"""E9503: the smallest capacity of a database is not above its largest."""

from __future__ import annotations

from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template


class ServerlessOrder(CloudFormationLintRule):
    """MinCapacity is at most MaxCapacity; a parameter's default stands for its value."""

    id = "E9503"
    shortdesc = "Aurora Serverless v2 MinCapacity is at most MaxCapacity"
    description = "Judged on literals and on parameters' defaults: what a deployment gets when nobody chooses"
    source_url = (
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html"
    )

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each cluster whose range is upside down."""
        return [
            RuleMatch(
                ["Resources", name, "Properties", "ServerlessV2ScalingConfiguration", "MinCapacity"],
                f"MinCapacity {low:g} is above MaxCapacity {high:g}",
            )
            for name, cluster in cfn.get_resources("AWS::RDS::DBCluster").items()
            for scaling in [cluster.get("Properties", {}).get("ServerlessV2ScalingConfiguration", {})]
            if isinstance(scaling, dict)
            for low, high in [(_number(cfn, scaling.get("MinCapacity")), _number(cfn, scaling.get("MaxCapacity")))]
            if low is not None and high is not None and low > high
        ]


def _number(cfn: Template, value: Any) -> float | None:
    """Return a literal, or the default of the parameter it refers to, as a number."""
    if isinstance(value, dict):
        parameter = cfn.template.get("Parameters", {}).get(value.get("Ref"), {})
        value = parameter.get("Default")
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
