"""Every type that takes tags gets them, in the shape that its schema asks for."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
import troposphere
from troposphere import AWSObject, Tag, autoscaling, cloudfront, ec2, encode_to_dict

import notejam_cfn as nj
from notejam_cfn.local.emulated.schemas import resource_type

# Types whose tags the library's own classes do not know yet, and properties that are no tags of the resource.
UNKNOWN = {"AWS::IoT::TopicRule", "AWS::WorkSpaces::WorkspacesPool"}
OTHERS = {"PrincipalTags", "LFTags", "ProjectResourceTags", "AllowCustomProjectResourceTags", "UserPoolTagsAtCreate"}


def types() -> Iterator[type[AWSObject]]:
    for module in pkgutil.iter_modules(troposphere.__path__):
        if module.ispkg:
            continue
        found = importlib.import_module(f"troposphere.{module.name}")
        for _, kind in inspect.getmembers(found, inspect.isclass):
            if (
                issubclass(kind, AWSObject)
                and kind.__module__ == found.__name__
                and getattr(kind, "resource_type", None)
            ):
                yield kind


def tagged(resource: AWSObject) -> dict[str, Any]:
    template = nj.Template("test", tags={"project": "p", "stage": "s"}, architecture="A test.")
    template.add(resource, why="Tests tags.")
    properties: dict[str, Any] = encode_to_dict(resource.properties)
    return properties


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].lstrip("#/").split("/"):
            target = target[part]
        schema = target
    return schema


def problem(schema: dict[str, Any], name: str, value: Any) -> str | None:
    """Say how tags differ in shape from what the schema of their property says; None when they do not."""
    shape = resolved(schema["properties"][name], schema)
    kinds = shape.get("type", "object")
    if isinstance(value, dict):
        known = set(shape.get("properties", value))
        return None if "object" in kinds and set(value) <= known else f"a map, not {kinds}"
    item = resolved(shape.get("items", {}), schema)
    fields, needed = set(item.get("properties", value[0])), set(item.get("required", []))
    fits = "array" in kinds and all(needed <= set(one) <= fields for one in value)
    return None if fits else f"a list of {sorted(value[0])}, not {kinds} of {sorted(fields)}"


def test_every_type_that_takes_tags_gets_them_in_its_shape() -> None:
    wrong, checked = [], 0
    for kind in types():
        known = resource_type(str(kind.resource_type))
        properties = tagged(kind("Tested"))
        if known is None:
            continue
        takes = [name for name in known.schema.get("properties", {}) if name.endswith("Tags") and name not in OTHERS]
        if takes and not properties and known.name not in UNKNOWN and not takes[0].startswith(("Enable", "Propagate")):
            wrong.append(f"{known.name} takes {takes} and got none")
        for name, value in properties.items():
            checked += 1
            found = problem(known.schema, name, value)
            wrong += [f"{known.name}.{name}: {found}"] if found else []
    assert wrong == [] and checked > 1000


def test_the_tags_of_a_group_reach_its_instances() -> None:
    own = autoscaling.Tags(role="worker")
    tags = tagged(autoscaling.AutoScalingGroup("Workers", MinSize="0", MaxSize="1", Tags=own))["Tags"]
    assert {tag["Key"] for tag in tags} == {"project", "stage", "component", "role"}
    assert all(tag["PropagateAtLaunch"] for tag in tags)


def test_a_type_that_takes_specifications_is_tagged_by_its_own() -> None:
    (found,) = tagged(ec2.LaunchTemplate("Machine", LaunchTemplateData=ec2.LaunchTemplateData()))["TagSpecifications"]
    assert found["ResourceType"] == "launch-template" and len(found["Tags"]) == 3


def test_tags_within_items_are_given_once_too() -> None:
    own = {"Items": [Tag("project", "other")]}
    with pytest.raises(nj.InvalidInput, match=r"^Addresses.Tags must not name project"):
        tagged(cloudfront.AnycastIpList("Addresses", IpCount=3, Tags=own))
