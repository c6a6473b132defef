"""Runs in parliament's environment: reads policies, a line of JSON each, and answers each with a line of findings.

A finding is its severity, its issue, the action that it is about where it names one, and what parliament says. An
action that is newer than parliament's list is taken out first: its statement would not be looked at for the others.
"""

import json
import sys
import warnings

warnings.simplefilter("ignore", UserWarning)  # of how it finds its own files

from parliament import UnknownActionException, analyze_policy_string, enhance_finding, expand_action  # noqa: E402


def known(action):
    """Tell whether parliament's list has an action, or one that a pattern stands for."""
    try:
        return bool(expand_action(action))
    except UnknownActionException:
        return False


def judgeable(statement):
    """Return a statement without the actions that parliament does not know, or as it is if it knows none."""
    some = [action for action in statement.get("Action", []) if known(action)]
    return statement | {"Action": some} if some else statement


for line in sys.stdin:
    policy = json.loads(line)
    policy["Statement"] = [judgeable(statement) for statement in policy["Statement"]]
    answer = [
        [one.severity, one.issue, part.get("action", "") if isinstance(part, dict) else "", f"{one.title} {part}"]
        for one in map(enhance_finding, analyze_policy_string(json.dumps(policy)).findings)
        for part in (one.detail if isinstance(one.detail, list) else [one.detail])
    ]
    print(json.dumps(answer))
