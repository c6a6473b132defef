"""What CloudFormation calls in its role for a resource: the permissions of its type's handlers, on real ARNs.

Sources: the `handlers` of the resource schemas; the Service Authorization Reference for what each action is decided on.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..emulated import schemas
from . import reference
from .arns import Place, Resource
from .policies import ANY, Request

# An action that makes the resource itself is decided on an ARN that has no tags yet.
MAKES = re.compile(r":(Create|Allocate|Register(?!Targets)|Request|Put)")
TAGS = re.compile(r":(Create|Add|Put)?Tags|:TagResource")
# What a request says of the subnets that it names, by the actions that say it, and the property that names them.
# Source: Service Authorization Reference, the actions that know these keys.
SUBNETS = {
    **dict.fromkeys(("ecs:CreateService", "ecs:UpdateService"), ("ecs:subnet", "NetworkConfiguration")),
    **dict.fromkeys(
        ("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:SetSubnets"),
        ("elasticloadbalancing:Subnet", "Subnets"),
    ),
}
# CloudWatch Logs decides actions on a group with this at its end, save those on tags.
# Source: the resource that its own refusals name; the reference's `log-group` has no such end.
OF_GROUP, TAGGING = ":log-stream:", re.compile(r"logs:(Un)?[Tt]ag|logs:ListTags|logs:CreateLogGroup")


@functools.cache
def _exceptions() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((Path(__file__).parent / "handlers.json").read_text(encoding="utf-8"))
    return found


def permissions(kind: str, operation: str, properties: Mapping[str, Any]) -> list[str]:
    """Return the actions that a handler calls: `operation` is create, read, update or delete.

    A schema lists what its handler may ever call. What it calls only when a property is there, or never for the
    resources of our templates, is in handlers.json.
    """
    found = schemas.resource_type(kind)
    listed = found.schema.get("handlers", {}).get(operation, {}).get("permissions", ()) if found else ()
    if not listed:
        listed = _exceptions()["without_handlers"].get(kind, {}).get(operation, ())
    return [action for action in dict.fromkeys(listed) if _called(kind, action, properties)]


def _called(kind: str, action: str, properties: Mapping[str, Any]) -> bool:
    for key in (f"{kind} {action}", f"{kind} {_service(action)}:*"):
        if key in _exceptions()["never"]:
            return False
        needed = _exceptions()["only_with"].get(key)
        if needed is not None:
            return any(name in properties for name in needed)
    return True


@dataclasses.dataclass(frozen=True)
class Known:
    """What IAM knows of existing resources, by ARN: their tags, the services that roles trust, the aliases of keys."""

    tags: Mapping[str, Mapping[str, str]]
    services: Mapping[str, Iterable[str]]
    aliases: Mapping[str, Sequence[str]]


def requests(resource: Resource, operation: str, place: Place, known: Known) -> Iterator[Request]:
    """Yield what CloudFormation asks for while it creates, updates or deletes a resource."""
    own, mentioned = resource.own(place), resource.mentioned(place)
    names = permissions(resource.kind, operation, resource.properties)
    main = Counter(map(_service, names)).most_common(1)[0][0] if names else ""
    for name in names:
        action = reference.action(name)
        if action is None:
            continue  # schemas name actions that IAM does not have
        if name == "iam:CreateServiceLinkedRole":
            yield Request(name, ANY)  # of a role that the service names
            continue
        if not action.kinds:
            yield Request(name, "*", _tags(resource))
            continue
        # A cluster's snapshot matters only while it is restored.
        related = {
            arn for arn in mentioned if ":cluster-snapshot:" not in arn or "Snapshots" in name or "Restore" in name
        }
        about = action.about(own if "Tag" in name or "Untag" in name else own | related)
        for arn, kinds in about.items():
            context = _context(name, arn, kinds, resource, arn in own, known)
            # A role is passed to each of the services that it trusts.
            trusted = known.services.get(arn, ()) if name == "iam:PassRole" else ()
            for more in [{"iam:PassedToService": one} for one in trusted] or [{}]:
                yield Request(name, _as_decided(name, arn), context | more)
        if not about and _service(name) == main:
            yield Request(name, ANY)  # one of a side service is for properties that are not there


def _service(name: str) -> str:
    return name.partition(":")[0]


def _context(
    name: str,
    arn: str,
    kinds: list[reference.Kind],
    resource: Resource,
    own: bool,
    known: Known,
) -> dict[str, Any]:
    existing = known.tags.get(arn)  # there before: a type may be identified by the resource that it configures
    new = own and existing is None and MAKES.search(name) is not None
    context: dict[str, Any] = _tags(resource) if own and (new or "Tag" in name) else {}
    if not new or TAGS.search(name):
        tags = existing if existing is not None else resource.tags if own else {}
        context |= {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    if arn in known.aliases and name.startswith("kms:"):
        context["kms:ResourceAliases"] = known.aliases[arn]
    if name == "kms:CreateGrant":
        context["kms:GrantIsForAWSResource"] = "true"
    if name in SUBNETS:
        key, place = SUBNETS[name]
        given = resource.properties.get(place, ())
        named = given.get("AwsvpcConfiguration", {}).get("Subnets", ()) if isinstance(given, Mapping) else given
        context |= {key: [str(one) for one in named]} if named else {}
    if "PermissionsBoundary" in resource.properties:
        context["iam:PermissionsBoundary"] = resource.properties["PermissionsBoundary"]
    return {
        key: value
        for key, value in context.items()
        if not key.startswith("aws:") or key == "aws:TagKeys" or any(kind.knows(key) for kind in kinds)
    }


def _tags(resource: Resource) -> dict[str, Any]:
    """Return what a request says of the tags that it gives."""
    tags = {f"aws:RequestTag/{name}": value for name, value in resource.tags.items()}
    return {**tags, "aws:TagKeys": list(resource.tags)} if tags else {}


def _as_decided(name: str, arn: str) -> str:
    if name.startswith("logs:") and ":log-group:" in arn and ":log-stream:" not in arn:
        group = arn.removesuffix(":*")
        return group if TAGGING.match(name) else group + OF_GROUP
    return arn
