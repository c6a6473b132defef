"""A cache: ElastiCache Serverless for Valkey in isolated subnets, reached only by its clients and over TLS."""

from __future__ import annotations

import dataclasses

from troposphere import elasticache

from ...config.settings import CacheSettings
from ...core import names
from ...core.inputs import Inputs
from ...core.template import Template, component
from ...core.values import Value, described
from ..network.security_groups import add_client_groups, allow_from_group
from ..network.vpc import Network
from .encryption import Encryption

# Writes and reads of the newest; and reads that may lag behind.
# Source: Amazon ElastiCache User Guide, "Prerequisites" of serverless caches, on ports.
PORT, READER_PORT = 6379, 6380
# A day without a snapshot costs nothing and loses what can be made again.
SNAPSHOT_HOUR = "03:00"


@dataclasses.dataclass(frozen=True)
class Cache(Inputs):
    """How to reach a cache. `client_security_group_id` is the security group that those who connect must wear."""

    endpoint: Value = described("Address of the cache")
    port: Value = described("Port of the cache")
    client_security_group_id: Value = described("Security group that may connect to the cache")


@component("cache")
def add_cache(template: Template, settings: CacheSettings, network: Network, encryption: Encryption) -> Cache:
    """Add a serverless cache, which grows and shrinks by itself between nothing and its bounds. It speaks TLS only."""
    client, at = add_client_groups(template, settings.name, network.vpc_id, "cache", "use")
    for title, port, what in (("Connections", PORT, "commands"), ("Reads", READER_PORT, "reads that may lag behind")):
        allow_from_group(template, f"{settings.name}{title}", client, at, port, f"{what} of the cache's clients")
    cache = elasticache.ServerlessCache(
        f"{settings.name}Cache",
        ServerlessCacheName=names.cache(settings.name),
        Engine="valkey",
        MajorEngineVersion=settings.engine_version,
        KmsKeyId=encryption.key_arn,
        SubnetIds=list(network.isolated_subnet_ids),
        SecurityGroupIds=[at],
        NetworkType="dual_stack" if network.dual_stack else "ipv4",
        CacheUsageLimits=elasticache.CacheUsageLimits(
            DataStorage=elasticache.DataStorage(Maximum=settings.max_gb, Unit="GB"),
            ECPUPerSecond=elasticache.ECPUPerSecond(Maximum=settings.max_requests_per_second),
        ),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )
    if settings.snapshot_days:
        cache.SnapshotRetentionLimit = settings.snapshot_days
        cache.DailySnapshotTime = SNAPSHOT_HOUR
    template.add(cache, why="Keeps what is asked for often close by, in memory.")
    return Cache(
        endpoint=cache.get_att("Endpoint.Address"),
        port=cache.get_att("Endpoint.Port"),
        client_security_group_id=client,
    )
