"""Puts tags on a resource, in the shape that its type takes: a list, a map, or one of the few shapes of their own.

Whether it fits is tested against the schemas of all types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import AWSObject, Tag, Tags

from ..inputs import InvalidInput

NAMES = ("Tags", "ResourceTags", "BackupVaultTags", "UserPoolTags")
GROUP = "AWS::AutoScaling::AutoScalingGroup"
# What a specification of tags calls the resource itself. Source: Amazon EC2 API Reference, "TagSpecification".
SPECIFIED = {
    "AWS::EC2::CapacityReservation": "capacity-reservation",
    "AWS::EC2::CapacityReservationFleet": "capacity-reservation-fleet",
    "AWS::EC2::ClientVpnEndpoint": "client-vpn-endpoint",
    "AWS::EC2::EC2Fleet": "fleet",
    "AWS::EC2::LaunchTemplate": "launch-template",
}


def tag(resource: AWSObject, tags: Mapping[str, str]) -> None:
    """Add tags to a resource beside its own; a type that takes none is left alone.

    Raises `InvalidInput` for a name that the resource's own tags have too, which AWS would refuse.
    """
    kind = str(resource.resource_type)
    if kind in SPECIFIED:
        _specify(resource, SPECIFIED[kind], tags)
    # Whatever its type calls it, such as `HostedZoneTags`.
    key = next((name for name in (*NAMES, f"{kind.rpartition('::')[2]}Tags") if name in resource.props), None)
    if key is None:
        return
    own, shape = resource.properties.get(key), resource.props[key][0]
    for name in sorted(set(_names(own)) & tags.keys()):
        problem = f"must not name {name}, which the template gives, got it twice"
        raise InvalidInput(f"{resource.title}.{key}", problem)
    setattr(resource, key, _merged(kind, shape, own, tags))


def _merged(kind: str, shape: Any, own: Any, tags: Mapping[str, str]) -> Any:
    if kind == GROUP:
        added = [{"Key": name, "Value": tags[name], "PropagateAtLaunch": True} for name in sorted(tags)]
        return [*added, *(own.tags if hasattr(own, "tags") else own or [])]
    if getattr(shape, "__name__", "") == "validate_tags_items_array":
        listed = [Tag(name, tags[name]) for name in sorted(tags)]
        return {"Items": [*listed, *(own or {}).get("Items", [])]}
    if shape is dict:
        return dict(tags) | (own or {})
    if isinstance(shape, list):
        return [*(shape[0](Key=name, Value=tags[name]) for name in sorted(tags)), *(own or [])]
    return Tags(**tags) if own is None else Tags(**tags) + own


def _specify(resource: AWSObject, itself: str, tags: Mapping[str, str]) -> None:
    """Tag what takes specifications of tags, one of which is its own."""
    own = list(resource.properties.get("TagSpecifications", []))
    if itself not in [one.properties.get("ResourceType") for one in own]:
        specification: Any = resource.props["TagSpecifications"][0][0]  # type: ignore[index]
        resource.TagSpecifications = [*own, specification(ResourceType=itself, Tags=Tags(**tags))]


def _names(tags: Any) -> list[str]:
    """Return the names of tags, in whichever shape they are."""
    if isinstance(tags, Mapping):
        return [*tags] if "Items" not in tags else _names(tags["Items"])
    listed: Any = tags.tags if hasattr(tags, "tags") else tags or []
    pairs = (one if isinstance(one, Mapping) else getattr(one, "data", None) or one.properties for one in listed)
    return [str(pair.get("Key")) for pair in pairs]
