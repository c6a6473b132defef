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
# Services whose ARNs hold no name that we choose, and resource types of others for which that is so: who may change or
# delete one of their things, its tags decide.
WITHOUT_NAMES = frozenset(
    {
        *("acm", "application-autoscaling", "cloudfront", "ec2", "elasticloadbalancing", "kms", "secretsmanager"),
        *("states", "wafv2"),
    }
)
TYPES_WITHOUT_NAMES = frozenset({"backupPlan", "restoreTestingPlan"})
# Not every region's version of these types hands a stack's tags on: what has no tags is taken for new.
TAGS_MAY_LACK = "application-autoscaling:"
READS = re.compile(r":(BatchGet|Describe|Get|List)")
TAGS_ONE = re.compile(r":(AddTags|CreateTags|DeleteTags|RemoveTags|TagResource|UntagResource)((To|From)[A-Z]\w+)?$")
MAKES_ONE = re.compile(r":(Allocate|Create|Register(?!Targets))")
# These make a part of something that is there already, which decides.
MAKES_PART = frozenset(
    {
        *("backup:CreateBackupSelection", "backup:CreateRestoreTestingSelection", "ec2:AllocateIpamPoolCidr"),
        *("ec2:CreateRoute", "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateRule"),
    }
)
# A key's tags take minutes until they count, so that making and using a key must not hang on them: its aliases decide,
# of which a new one has none. Source: AWS KMS Developer Guide, "ABAC for AWS KMS".
NOT_BY_TAG = frozenset(
    {
        *(f"kms:{name}" for name in ("CreateGrant", "Decrypt", "EnableKey", "EnableKeyRotation", "Encrypt")),
        *(f"kms:{name}" for name in ("GenerateDataKey", "PutKeyPolicy", "ReEncryptFrom", "ReEncryptTo", "RetireGrant")),
        "kms:UpdateKeyDescription",
    }
)


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
    def nameless(self) -> bool:
        """Whether it is about things whose ARNs have no name in them, and whose tags IAM sees."""
        kinds = set(self.required)
        of_none = self.name.partition(":")[0] in WITHOUT_NAMES or (bool(kinds) and kinds <= TYPES_WITHOUT_NAMES)
        return of_none and RESOURCE_TAG in self.condition_keys

    @property
    def decided_by_tag(self) -> bool:
        """Whether it changes one existing thing of those, however the action is called."""
        other = READS.search(self.name) or self.tags_one or self.makes_one or self.name in NOT_BY_TAG
        return self.nameless and not other

    @property
    def tags_one(self) -> bool:
        """Whether it tags such a thing, which has no tags yet when it has just been made."""
        return self.nameless and bool(TAGS_ONE.search(self.name))

    @property
    def makes_one(self) -> bool:
        """Whether it makes such a thing, or changes one of the same name where the service has one already."""
        if not self.nameless or self.tags_one or READS.search(self.name) or self.name in MAKES_PART:
            return False
        return bool(MAKES_ONE.search(self.name)) or self.name.startswith(TAGS_MAY_LACK)


def actions_for(kind: str) -> tuple[str, ...]:
    """Return the actions CloudFormation needs to create, read, update and delete a type, sorted.

    Raises `UnknownPermissions` for a type that no template had when the data was written.
    """
    try:
        return tuple(_data()["types"][kind])
    except KeyError:
        raise UnknownPermissions(f"{kind}: no permissions known; run python tools/refresh_permissions.py") from None


@functools.cache
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
