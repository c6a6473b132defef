"""E9511: no policy allows every action."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.build.lint.statements import statements

EVERYTHING = frozenset({"*", "*:*"})


class AllowEverything(CloudFormationLintRule):
    """A statement that allows names its actions: neither `Action: *` nor `NotAction`."""

    id = "E9511"
    shortdesc = "No policy statement allows every action"
    description = "Least privilege begins with a list of actions, in identity and resource policies alike"
    source_url = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each statement that allows everything."""
        return [
            RuleMatch([*path, key], "allows every action: name the actions that are needed")
            for path, statement in statements(cfn.get_resources())
            if statement.get("Effect") == "Allow"
            for key in _too_wide(statement)
        ]


def _too_wide(statement: dict[str, Any]) -> Iterator[str]:
    actions = statement.get("Action", [])
    named = actions if isinstance(actions, list) else [actions]
    if any(action in EVERYTHING for action in named if isinstance(action, str)):
        yield "Action"
    if "NotAction" in statement:
        yield "NotAction"
