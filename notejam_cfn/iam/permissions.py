"""The IAM actions CloudFormation needs for each resource type, and what AWS says of each action.

The data is permissions.json beside this module, written by tools/refresh_permissions.py from the resource schemas'
handlers and the Service Authorization Reference.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_suffix(".json")
RESOURCE_TAG = "aws:ResourceTag/${TagKey}"
# Services whose ARNs hold no name that we choose: who may change or delete one of their things, its tags decide.
WITHOUT_NAMES = frozenset({"ec2", "elasticloadbalancing", "kms", "secretsmanager", "states", "wafv2"})
CHANGES_ONE = re.compile(
    r":(Associate|Attach|Authorize|CreateRoute$|CreateRule$|Delete|Detach|Disable|Disassociate|Modify|Put"
    r"|Release|Remove|Replace|Revoke|Schedule|Set|Update)"
)
# A key's tags take minutes until they count, so that making a key must not hang on them; its own policy decides.
# Source: AWS KMS Developer Guide, "ABAC for AWS KMS". AWS WAF decides an association on the load balancer too, of which
# it sees no tags; and what is logged of a web ACL is of no use to others.
NOT_BY_TAG = frozenset(
    {
        *("kms:PutKeyPolicy", "kms:UpdateKeyDescription"),
        *("wafv2:AssociateWebACL", "wafv2:DeleteLoggingConfiguration", "wafv2:PutLoggingConfiguration"),
    }
)
TAGS_ONE = re.compile(r":(AddTags|CreateTags|DeleteTags|RemoveTags|TagResource|UntagResource)$")


class UnknownPermissions(LookupError):
    """A template holds a type of resource, or a policy an action, of which nobody looked up yet what AWS says."""


@dataclasses.dataclass(frozen=True)
class Action:
    """What the Service Authorization Reference says of an action, such as `kms:DeleteAlias`.

    `required` are the resource types that a request is authorised on, each by itself; `optional` says that it may name
    others. `condition_keys` are those that all required types know, or the action itself: a condition on any other key
    but the global ones never holds. They are spelled as AWS does, `aws:ResourceTag/${TagKey}`.
    """

    name: str
    required: tuple[str, ...] = ()
    optional: bool = False
    condition_keys: frozenset[str] = frozenset()

    @property
    def takes_resource(self) -> bool:
        """Whether AWS lets the action be narrowed to a resource."""
        return bool(self.required or self.optional)

    @property
    def decided_by_tag(self) -> bool:
        """Whether it changes one existing thing whose ARN has no name in it, and whose tags IAM sees."""
        late = self.name not in NOT_BY_TAG and not self.tags_one
        return self._nameless and bool(CHANGES_ONE.search(self.name)) and late

    @property
    def tags_one(self) -> bool:
        """Whether it tags such a thing, which has no tags yet when it has just been made."""
        return self._nameless and bool(TAGS_ONE.search(self.name))

    @property
    def _nameless(self) -> bool:
        return self.name.partition(":")[0] in WITHOUT_NAMES and RESOURCE_TAG in self.condition_keys


def actions_for(kind: str) -> tuple[str, ...]:
    """Return the actions CloudFormation needs to create, read, update and delete a type, sorted.

    Raises `UnknownPermissions` for a type that no template had when the data was written.
    """
    try:
        return tuple(_data()["types"][kind])
    except KeyError:
        raise UnknownPermissions(f"{kind}: no permissions known; run python tools/refresh_permissions.py") from None


def action(name: str) -> Action:
    """Return what AWS says of an action. Raises `UnknownPermissions` for one that no template had."""
    try:
        known = _data()["actions"][name]
    except KeyError:
        raise UnknownPermissions(f"{name}: action not known; run python tools/refresh_permissions.py") from None
    keys = frozenset(known["condition_keys"])
    return Action(name, tuple(known.get("required", ())), known.get("optional", False), keys)


def known_types() -> frozenset[str]:
    """Return the resource types whose permissions are known."""
    return frozenset(_data()["types"])


@functools.cache
def _data() -> Mapping[str, Any]:
    data: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return data
