"""Teaches ministack how RDS treats a cluster of a stack: its version, its tags, and who may not delete it.

Sources: Amazon RDS API Reference, "RestoreDBClusterFromSnapshot"; the resource handler of AWS::RDS::DBCluster,
https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds
"""

from __future__ import annotations

import importlib
from typing import Any

CLUSTER, SUBNETS = "AWS::RDS::DBCluster", "AWS::RDS::DBSubnetGroup"
Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, Any]]


def register(provisioners: Any) -> None:
    """Change ministack's handlers of clusters in this process."""
    provisioners._STACK_TAG_PROPERTY[CLUSTER] = ("Tags", "list")
    provisioners._rds_db_cluster_create = _creation(provisioners._rds_db_cluster_create)
    provisioners._rds_db_cluster_delete = _deletion(provisioners._rds_db_cluster_delete)
    subnets = provisioners._RESOURCE_HANDLERS[SUBNETS]
    subnets["delete"] = _unused(subnets["delete"])
    provisioners._RESOURCE_HANDLERS[CLUSTER] |= {
        "create": provisioners._rds_db_cluster_create,
        "delete": provisioners._rds_db_cluster_delete,
    }


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
    if _numbers(asked) < _numbers(found["EngineVersion"]):
        raise ValueError(
            f"The engine version you requested for your restored DB cluster ({asked}) is earlier than the engine "
            f"version of the DB cluster snapshot ({found['EngineVersion']}). (Service: Rds, Status Code: 400)"
        )


def _creation(real: Any) -> Any:
    def create(logical_id: str, properties: Properties, stack_name: str) -> Provisioned:
        require_restorable(properties)
        name, attributes = real(logical_id, properties, stack_name)
        rds = _rds()
        rds._clusters[name]["EngineVersion"] = resolved(rds._clusters[name]["EngineVersion"])
        rds._tags[rds._clusters[name]["DBClusterArn"]] = list(properties.get("Tags", ()))
        return name, attributes

    return create


def _deletion(real: Any) -> Any:
    def delete(name: str, properties: Properties) -> None:
        if _rds()._clusters.get(name, {}).get("DeletionProtection"):
            raise ValueError(
                f"Cannot delete protected Cluster {name}, please disable deletion protection and try again"
            )
        real(name, properties)

    return delete


def _unused(real: Any) -> Any:
    def delete(name: str, properties: Properties) -> None:
        users = [one["DBClusterIdentifier"] for one in _rds()._clusters.values() if one["DBSubnetGroup"] == name]
        if users:
            raise ValueError(f"Cannot delete the subnet group '{name}': database cluster {users[0]} is still using it.")
        real(name, properties)

    return delete


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def _rds() -> Any:
    return importlib.import_module("ministack.services.rds")
