"""What is turned off is written as off: many services take a property that is left out as it was before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from notejam_cfn.config.fields import InvalidSetting
from notejam_cfn.config.loader import ConfigError
from notejam_cfn.config.settings import Stage

PARTS = ("network", "encryption", "database", "load_balancer", "cluster", "service", "backups", "monitoring")
# Numbers and texts that leave a part out.
MORE: dict[str, tuple[Any, Any]] = {
    "busy_min_tasks": (1, 0),
    "copy_region": ("eu-west-1", ""),
    "email": ("people@example.com", ""),
    "fargate_base": (1, 0),
    "mail_from": ("notes@example.com", ""),
    "min_acu": (1, 0),
    "readers": (2, 0),
    "spot_percent": (50, 0),
}
# Properties that may go, and why.
MAY_GO = {
    ("AWS::Backup::BackupVault", "AccessPolicy"): "the handler deletes the policy of before",
    ("AWS::Backup::BackupVault", "LockConfiguration"): "the handler deletes the lock of before, while it can be",
    ("AWS::CloudFront::Distribution", "DistributionConfig"): "CloudFront takes the whole configuration anew",
    ("AWS::RDS::DBCluster", "PerformanceInsightsKmsKeyId"): "means something only while insights are on",
    ("AWS::RDS::DBCluster", "PerformanceInsightsRetentionPeriod"): "means something only while insights are on",
    ("AWS::S3::Bucket", "ObjectLockConfiguration"): "cannot be turned off: the plan refuses it",
    ("AWS::S3::Bucket", "ObjectLockEnabled"): "cannot be turned off: the plan refuses it",
}


def switches() -> Iterator[tuple[str, str, Any, Any]]:
    """Every setting that turns something on and off: its part, its name, and what it is on and off."""
    parts = {field.name: field.default_factory for field in dataclasses.fields(Stage)}
    for part in PARTS:
        for field in dataclasses.fields(parts[part]):  # type: ignore[arg-type]
            if isinstance(field.default, bool) or field.name in MORE:
                yield part, field.name, *MORE.get(field.name, (True, False))


def paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key; an intrinsic function is a value."""
    if isinstance(value, dict) and not any(key == "Ref" or key.startswith("Fn::") for key in value):
        for key, item in value.items():
            yield (*path, key)
            yield from paths(item, (*path, key))


def gone(on: dict[str, Any], off: dict[str, Any]) -> set[tuple[str, str]]:
    """The properties of resources that are in both, which only the first writes: type and path."""
    return {
        (resource["Type"], ".".join(path))
        for layer, template in on.items()
        for name, resource in template["Resources"].items()
        if (other := off.get(layer, {"Resources": {}})["Resources"].get(name))
        for path in set(paths(resource.get("Properties", {}))) - set(paths(other.get("Properties", {})))
    }


@pytest.mark.parametrize(("part", "name", "on", "off"), list(switches()), ids=lambda value: str(value))
def test_what_is_turned_off_is_written_as_off(compose: Any, part: str, name: str, on: Any, off: Any) -> None:
    compared = 0
    for size in ("economy", "resilient"):
        try:
            both = [compose(size, **{part: {name: value}}) for value in (on, off)]
        except (ConfigError, InvalidSetting):
            continue  # beside the rest of this size, one of the two makes no sense
        compared += 1
        lost = {(kind, path) for kind, path in gone(*both) if (kind, path.partition(".")[0]) not in MAY_GO}
        assert not lost, (size, lost)
    assert compared or name in ("deletable", "lock", "export"), "no size has it both ways"


def test_there_are_switches() -> None:
    assert len(list(switches())) > 20
