"""The Service Authorization Reference as cfn-lint bundles it: which resources and condition keys an action knows.

cfn-lint keeps each ARN's form as a regular expression in which the resource's own part is `.*`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..emulated import schemas

# Forms that the bundle makes too wide, where the reference itself has a word in them: an ARN's sixth part.
FORMS = {
    ("backup", "recoverypoint"): r"(recovery-point|cluster-snapshot|snapshot)[:/].+",
    ("s3", "bucket"): r"[^/]+",
    ("s3", "object"): r"[^/]+/.+",
    ("ecs", "task-definition"): r"task-definition/.+",
    ("ecs", "daemon-task-definition"): r"daemon-task-definition/.+",
    ("wafv2", "webacl"): r"[^/]+/webacl/.+",
    ("wafv2", "ipset"): r"[^/]+/ipset/.+",
    ("wafv2", "managedruleset"): r"[^/]+/managedruleset/.+",
    ("wafv2", "regexpatternset"): r"[^/]+/regexpatternset/.+",
    ("wafv2", "rulegroup"): r"[^/]+/rulegroup/.+",
    ("logs", "log-stream"): r"log-group:.+:log-stream:.+",
    ("cloudformation", "stackset"): r"stackset/.+",
}


VARIABLE = re.compile(r"[$][{]\w+[}]")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A type of resource that actions can be narrowed to."""

    form: re.Pattern[str]
    keys: frozenset[str]

    def knows(self, key: str) -> bool:
        """Say whether the type's actions can have a condition on a key; tags are `aws:ResourceTag/${TagKey}`."""
        family = key.partition("/")[0].lower()
        return any(known.partition("/")[0].lower() == family for known in self.keys)


@dataclasses.dataclass(frozen=True)
class Action:
    """An action, spelled as IAM does, and the types of resources it can be narrowed to; none means `*` only."""

    name: str
    kinds: tuple[Kind, ...]

    def about(self, arns: Iterable[str]) -> dict[str, list[Kind]]:
        """Return those ARNs that the action is decided on, with the types of each."""
        found = {arn: [kind for kind in self.kinds if kind.form.fullmatch(arn)] for arn in arns}
        return {arn: kinds for arn, kinds in found.items() if kinds}


@functools.cache
def action(name: str) -> Action | None:
    """Return an action such as `ec2:CreateVpc`, or None when the reference has none of that name."""
    service, _, short = name.partition(":")
    described = _services().get(service)
    found = described["Actions"].get(short.lower()) if described else None
    if described is None or found is None:
        return None
    return Action(name, tuple(_kind(service, part) for part in found.get("Resources") or ()))


@functools.cache
def _kind(service: str, name: str) -> Kind:
    """Return a type of resource; actions spell its name in whatever case. What is not described has no ARN."""
    known = {key.lower(): described for key, described in _services()[service]["Resources"].items()}
    described = known.get(name.lower(), {"ARNFormats": []})
    if not described["ARNFormats"]:
        return Kind(re.compile(r"(?!)"), frozenset())
    forms = []
    for form in described["ARNFormats"]:
        *prefix, rest = form.split(":", 5)
        rest = FORMS.get((service, name.lower())) or rest
        forms.append(f"{VARIABLE.sub('[^:]*', ':'.join(prefix))}:{rest}")
    return Kind(re.compile("|".join(forms)), frozenset(described.get("ConditionKeys", ())))


@functools.cache
def _services() -> Mapping[str, Any]:
    path = schemas.data_of_linter() / "AdditionalSpecs" / "Policies.json"
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
