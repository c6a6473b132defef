"""E9521: a condition of a policy can hold for each of the statement's actions."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.build.lint.statements import statements

# What tools/refresh_permissions.py has written. Actions and services that it does not know are not judged.
DATA = Path(__file__).parents[3] / "iam" / "permissions.json"
# The keys that depend on what is asked for; every other key that begins with `aws:` is global.
OF_RESOURCES = ("aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys")


class ConditionKeys(CloudFormationLintRule):
    """A condition stands only on actions whose required resource types all know its key.

    IAM authorises a request on each resource it needs. Where one has no such key, `kms:DeleteAlias` with a key's tag on
    the alias for one, the condition is false: an Allow allows nothing, a Deny denies nothing. `Null`, `ForAllValues`
    and the operators with IfExists say what an absent key means, and are left alone.
    """

    id = "E9521"
    shortdesc = "A condition key is known to every action it stands on"
    description = "A condition on a key that a required resource type lacks never holds, so the statement has no effect"
    source_url = (
        "https://docs.aws.amazon.com/service-authorization/latest/reference/"
        "reference_policies_actions-resources-contextkeys.html"
    )

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each key of a condition that one of the actions does not know."""
        return [
            RuleMatch([*path, "Condition", operator, key], f"{action} does not know {key}: the condition never holds")
            for path, statement in statements(cfn.get_resources())
            if "Action" in statement
            for operator, key in _conditions(statement)
            for action in _unknowing(statement, key)[:1]
        ]


def _conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the operators and keys that an absent key makes false."""
    condition = statement.get("Condition")
    for operator, tests in condition.items() if isinstance(condition, dict) else ():
        tolerant = operator == "Null" or operator.startswith("ForAllValues:") or operator.endswith("IfExists")
        if isinstance(tests, dict) and not tolerant:
            for key in map(str, tests):
                if not key.startswith("aws:") or key.startswith(OF_RESOURCES):
                    yield operator, key


def _unknowing(statement: dict[str, Any], key: str) -> list[str]:
    """Return the statement's actions that do not know a key, sorted."""
    patterns = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    return sorted(
        action
        for action, known in _actions().items()
        if any(_expression(str(pattern)).fullmatch(action) for pattern in patterns)
        if not any(_names(name, key) for name in known["condition_keys"])
    )


@functools.cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)


def _names(known: str, key: str) -> bool:
    """Tell whether a key is one that the reference names; `${TagKey}` and `tag-key` stand there for any tag."""
    beginning, variable, _ = known.replace("/tag-key", "/${TagKey}").partition("${")
    return key.lower().startswith(beginning.lower()) if variable else key.lower() == known.lower()


@functools.cache
def _actions() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))["actions"]
    return found
