"""What an application keeps beside its database: files, objects and a cache."""

from __future__ import annotations

import dataclasses

from ..fields import Settings, choice, whole
from .common import named


@dataclasses.dataclass(frozen=True)
class FileSystemSettings(Settings):
    """Files that tasks share (Amazon EFS)."""

    name: str = named("Shared")


@dataclasses.dataclass(frozen=True)
class BucketSettings(Settings):
    """Objects that the application keeps (Amazon S3)."""

    name: str = named("Files")
    expiry_days: int = whole(0, 0, 36500, "days an object is kept; 0 is for ever")
    old_version_days: int = whole(30, 1, 36500, "days an object can be brought back that was overwritten or deleted")


@dataclasses.dataclass(frozen=True)
class CacheSettings(Settings):
    """The cache (ElastiCache Serverless for Valkey): its bounds, which are those of its cost."""

    name: str = named("Sessions")
    engine_version: str = choice("8", ("7", "8"), "major version of Valkey")
    max_gb: int = whole(1, 1, 5000, "GB of data at the most")
    max_requests_per_second: int = whole(5000, 1000, 15_000_000, "requests of 1 KB a second at the most")
    snapshot_days: int = whole(0, 0, 35, "days a daily snapshot is kept; 0 takes none")
