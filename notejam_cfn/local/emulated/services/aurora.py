"""Teaches ministack how RDS treats a cluster of a stack: its version, its tags, and who may not delete it.

Sources: Amazon RDS API Reference, "RestoreDBClusterFromSnapshot"; the resource handler of AWS::RDS::DBCluster,
https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds
"""

from __future__ import annotations

from typing import Any

from ..ministack import Properties, change_type, cloudformation, module

CLUSTER = "AWS::RDS::DBCluster"


def register() -> None:
    """Change ministack's handlers of clusters in this process."""
    cloudformation("provisioners")._STACK_TAG_PROPERTY[CLUSTER] = ("Tags", "list")
    change_type(CLUSTER, creating=require_restorable, done=_settle, deleting=_let_go)
    change_type("AWS::RDS::DBSubnetGroup", deleting=_require_unused)


def snapshot(name_or_arn: str) -> dict[str, Any] | None:
    """Return a snapshot of a cluster, or None when there is none of that name."""
    name = name_or_arn.rpartition(":cluster-snapshot:")[2]
    found: dict[str, Any] | None = _rds()._db_cluster_snapshots.get(name)
    return found


def resolved(version: str) -> str:
    """Return the version that RDS takes: a major one stands for the default among its minor versions."""
    default: str = _rds().AURORA_POSTGRESQL_DEFAULT_ENGINE_VERSIONS.get(version, version)
    return default


def require_restorable(properties: Properties) -> None:
    """Raise ValueError, in RDS's words, when a cluster cannot start from the snapshot that it names."""
    wanted = str(properties.get("SnapshotIdentifier", ""))
    if not wanted:
        return
    found = snapshot(wanted)
    if found is None:
        raise ValueError(f"The source cluster snapshot could not be found: {wanted} (Service: Rds, Status Code: 404)")
    asked = resolved(str(properties.get("EngineVersion") or _rds()._default_engine_version(properties["Engine"])))
    if version_numbers(asked) < version_numbers(found["EngineVersion"]):
        raise ValueError(
            f"The engine version you requested for your restored DB cluster ({asked}) is earlier than the engine "
            f"version of the DB cluster snapshot ({found['EngineVersion']}). (Service: Rds, Status Code: 400)"
        )


def _settle(name: str, properties: Properties) -> None:
    cluster = _rds()._clusters[name]
    cluster["EngineVersion"] = resolved(cluster["EngineVersion"])
    _rds()._tags.setdefault(cluster["DBClusterArn"], list(properties.get("Tags", ())))


def _let_go(name: str, properties: Properties) -> None:
    cluster = _rds()._clusters.get(name, {})
    if cluster.get("DeletionProtection"):
        raise ValueError(f"Cannot delete protected Cluster {name}, please disable deletion protection and try again")
    _rds()._tags.pop(cluster.get("DBClusterArn"), None)


def _require_unused(name: str, properties: Properties) -> None:
    users = [one["DBClusterIdentifier"] for one in _rds()._clusters.values() if one["DBSubnetGroup"] == name]
    if users:
        raise ValueError(f"Cannot delete the subnet group '{name}': database cluster {users[0]} is still using it.")


def version_numbers(version: str) -> list[int]:
    """Return the numbers in a version."""
    return [int(part) for part in version.split(".") if part.isdigit()]


def _rds() -> Any:
    return module("services.rds")
