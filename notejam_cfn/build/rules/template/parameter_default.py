"""E9510: a parameter accepts its own default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template


class ParameterDefault(CloudFormationLintRule):
    """A default obeys the parameter's bounds and matches its whole pattern.

    cfn-lint's E2015 compares whole numbers only and accepts a pattern that matches the beginning.
    """

    id = "E9510"
    shortdesc = "A parameter's default obeys its own bounds"
    description = "CloudFormation refuses the default, fractions included, when nobody chooses another value"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each bound that a default breaks."""
        return [
            RuleMatch(["Parameters", name, "Default"], problem)
            for name, parameter in cfn.get_parameters_valid().items()
            if "Default" in parameter
            for problem in _problems(parameter)
        ]


def _problems(parameter: dict[str, Any]) -> Iterator[str]:
    default = parameter["Default"]
    low, high, value = (_number(text) for text in (parameter.get("MinValue"), parameter.get("MaxValue"), default))
    if value is not None and low is not None and value < low:
        yield f"{default} is below MinValue {low:g}"
    if value is not None and high is not None and value > high:
        yield f"{default} is above MaxValue {high:g}"
    if parameter.get("Type") == "String" and not _matches(parameter.get("AllowedPattern"), str(default)):
        yield f"{default!r} does not match the whole of AllowedPattern {parameter['AllowedPattern']!r}"


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _matches(pattern: Any, text: str) -> bool:
    """Tell whether a pattern admits a text; a pattern only Java understands is left to AWS."""
    try:
        return pattern is None or re.fullmatch(pattern, text) is not None
    except re.error:
        return True
