"""The conditions of IAM policies: operators, keys with one value or several, and policy variables.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "… variables and tags".
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

VARIABLE = re.compile(r"\$\{([^}]+)\}")
LITERALS = {"*": "*", "?": "?", "$": "$"}
ARN_PARTS = 6


@dataclasses.dataclass(frozen=True)
class Context:
    """The condition keys of a request and of its caller. Names of keys are not case-sensitive; a key may be absent."""

    request: Mapping[str, Any]
    caller: Mapping[str, Any]

    def get(self, key: str) -> Any:
        """Return a key's value, a list when it has several, None when the request has no such key."""
        return self._lowered.get(key.lower())

    @functools.cached_property
    def _lowered(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        known = {"aws:CurrentTime": now.isoformat(), "aws:EpochTime": str(int(now.timestamp()))}
        return {key.lower(): value for key, value in {**known, **self.caller, **self.request}.items()}


def holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Say whether every condition of a statement holds."""
    return all(
        _holds(name, context.get(key), _filled(values, context))
        for name, keys in conditions.items()
        for key, values in keys.items()
    )


def _filled(values: Any, context: Context) -> list[str]:
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in listed(values)]
    return [one for one in (resolved(text, context) for text in texts) if one is not None]


def _holds(name: str, actual: Any, expected: list[str]) -> bool:
    """Apply an operator. An absent key fails, but satisfies negated operators, `IfExists` and `ForAllValues`."""
    quantifier, _, plain = name.rpartition(":")
    if plain == "Null":
        return (actual is None) == (expected == ["true"])
    tolerant = plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists")
    negated = "Not" in plain
    compare = OPERATORS[plain.replace("Not", "")]
    if actual is None:
        return tolerant or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")

    def fits(value: str) -> bool:
        return any(compare(value, one) for one in expected) != negated

    given = [fits(str(one)) for one in listed(actual)]
    if quantifier == "ForAllValues":
        return all(given)
    return all(given) if negated and not quantifier else any(given)


def listed(value: Any) -> list[Any]:
    """Return an element of a policy that is one thing or several as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def resolved(text: str, context: Context) -> str | None:
    """Fill in a policy's variables, `${aws:username}`; None when the request lacks one, since nothing then matches."""
    missing = False

    def fill(found: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = (part.strip() for part in found[1].partition(","))
        if name in LITERALS:
            return f"[{LITERALS[name]}]" if name != "$" else "$"
        value = context.get(name)
        if value is None and not default:
            missing = True
        return str(value) if value is not None else default.strip("'")

    filled = VARIABLE.sub(fill, text)
    return None if missing else filled


@functools.lru_cache(maxsize=8192)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\[[*?]\]|[*?])", pattern)
    signs = {"*": ".*", "?": ".", "[*]": r"\*", "[?]": r"\?"}
    return re.compile("".join(signs.get(part, re.escape(part)) for part in parts), re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Compare a text with a pattern of `*` and `?`, case-sensitively."""
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    return pattern == "*" or _expression(pattern).fullmatch(text) is not None


def arn_matches(pattern: str, arn: str) -> bool:
    """Compare ARNs part by part: a `*` stays within the part that it stands in."""
    ours, theirs = pattern.split(":", ARN_PARTS - 1), arn.split(":", ARN_PARTS - 1)
    return len(ours) == len(theirs) and all(map(matches, ours, theirs))


def _moment(text: str) -> float:
    return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()


def _comparing(kind: Callable[[str], float], compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda actual, expected: compare(kind(actual), kind(expected))


COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": lambda actual, expected: actual.lower() == expected.lower(),
    "StringLike": lambda actual, expected: matches(expected, actual),
    "ArnEquals": lambda actual, expected: arn_matches(expected, actual),
    "ArnLike": lambda actual, expected: arn_matches(expected, actual),
    "Bool": lambda actual, expected: actual.lower() == expected.lower(),
    "BinaryEquals": operator.eq,
    "IpAddress": lambda address, block: ipaddress.ip_address(address) in ipaddress.ip_network(block, strict=False),
    **{f"Numeric{name}": _comparing(float, compare) for name, compare in COMPARISONS.items()},
    **{f"Date{name}": _comparing(_moment, compare) for name, compare in COMPARISONS.items()},
}
"""By their names without `Not`, whether a request's value fits a policy's."""
