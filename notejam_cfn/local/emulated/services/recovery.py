"""Teaches ministack what it lacks of recovery: Aurora's snapshots in a vault, restores to a moment, exports to S3.

What it remembers lies in ministack's own records, so that a reset forgets it. A restore to a moment takes as long as
the faults say a resource takes; an export is a step further every time somebody looks.
"""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from ..faults import FAULTS
from ..ministack import Real, around, first, module, within
from . import aurora

# Source: Amazon Aurora User Guide, "Considerations for DB cluster snapshot exports".
EXPORTS_AT_A_TIME = 5
# Step Functions names the faults of RDS as the Java SDK does.
ERRORS = {
    "ExportTaskAlreadyExistsFault": "ExportTaskAlreadyExistsException",
    "DBClusterSnapshotNotFoundFault": "DbClusterSnapshotNotFoundException",
}
NEXT_STATUS = {"STARTING": "IN_PROGRESS", "IN_PROGRESS": "COMPLETE"}
DAY_SECONDS = 86400
Record = dict[str, Any]


def register() -> None:
    """Change ministack in this process."""
    rds, backup, steps = module("services.rds"), module("services.backup"), module("services.stepfunctions")
    rds._ACTION_MAP |= {
        "RestoreDBClusterToPointInTime": _restore_to_moment,
        "StartExportTask": _start_export,
        "DescribeExportTasks": _describe_exports,
    }
    around(rds._ACTION_MAP, "DeleteDBCluster", _leave_last_snapshot)
    around(backup, "_start_job", _take_snapshot)
    around(backup, "handle_request", _delete_point)
    backup._list_recovery_points_by_vault = _list_points
    steps._AWS_SDK_ERROR_CODE_OVERRIDES["rds"] |= ERRORS
    around(steps, "_invoke_aws_sdk_integration", _list_points_for_steps)


def keep_point(point: Record) -> None:
    """Put a recovery point into a vault, as a plan would have at its time; `emulator.Emulator` says what it takes."""
    with within(point["account"], point["region"]):
        rds, engine = module("services.rds"), "aurora-postgresql"
        version = rds._default_engine_version(engine)
        cluster = {"DBClusterIdentifier": "any", "Engine": engine, "EngineVersion": version}
        snapshot = rds._create_cluster_snapshot_internal(point["name"], cluster)
        _remember(point["vault"], snapshot, point["made"], point["days"], point["status"], point["plan"])


def _remember(vault: str, snapshot: Record, made: float, days: int, status: str, plan: str) -> Record:
    arn = snapshot["DBClusterSnapshotArn"]
    point = {
        "RecoveryPointArn": arn,
        "BackupVaultName": vault,
        "ResourceType": "Aurora",
        "Status": status,
        "CreationDate": made,
        "BackupSizeInBytes": 3 * 1024**3,
        "CalculatedLifecycle": {"DeleteAt": made + days * DAY_SECONDS},
        "CreatedBy": {"BackupPlanId": plan} if plan else {},
    }
    snapshot["_point"] = point
    return point


def _points(vault: str) -> list[Record]:
    found = (snapshot.get("_point") for snapshot in module("services.rds")._db_cluster_snapshots.values())
    return [point for point in found if point and point["BackupVaultName"] == vault]


def _list_points(vault: str, query: Record) -> Any:
    backup = module("services.backup")
    if vault not in backup._vaults:
        return backup._not_found(f"Vault '{vault}' not found.")
    plan, moment = (first(query, key) for key in ("backupPlanId", "createdAfter"))
    since = datetime.fromisoformat(moment).timestamp() if moment else 0.0
    found = [
        point
        for point in _points(vault)
        if (not plan or point["CreatedBy"].get("BackupPlanId") == plan) and point["CreationDate"] >= since
    ]
    return backup._paginate(found, query, "RecoveryPoints")


async def _delete_point(real: Real, method: str, path: str, headers: Any, body: bytes, query: Record) -> Any:
    """Delete a recovery point, and the snapshot that it is, when AWS Backup is asked to."""
    vault, _, arn = path.removeprefix("/backup-vaults/").partition("/recovery-points/")
    if method != "DELETE" or not arn:
        return await real(method, path, headers, body, query)
    rds, backup = module("services.rds"), module("services.backup")
    name = unquote(arn).partition(":cluster-snapshot:")[2]
    if all(point["RecoveryPointArn"] != unquote(arn) for point in _points(vault)):
        return backup._not_found(f"Recovery point '{arn}' not found.")
    del rds._db_cluster_snapshots[name]
    return 204, {}, b""


def _take_snapshot(real: Real, body: Record) -> Any:
    """Take a snapshot of a cluster when AWS Backup is asked to back it up."""
    status, headers, answer = real(body)
    kind, _, name = body.get("ResourceArn", "").partition(":cluster:")
    if status != 200 or not kind.startswith("arn:aws:rds"):
        return status, headers, answer
    backup, rds = module("services.backup"), module("services.rds")
    job = backup._jobs[json.loads(answer)["BackupJobId"]]
    snapshot = rds._create_cluster_snapshot_internal(f"awsbackup:job-{job['BackupJobId']}", rds._clusters[name])
    days = body.get("Lifecycle", {}).get("DeleteAfterDays", 1)
    point = _remember(body["BackupVaultName"], snapshot, time.time(), days, "COMPLETED", "")
    job["RecoveryPointArn"] = point["RecoveryPointArn"]
    return status, headers, answer


def _restore_to_moment(given: Record) -> Any:
    rds = module("services.rds")
    source = rds._clusters.get(rds._p(given, "SourceDBClusterIdentifier"))
    if source is None:
        return rds._error("DBClusterNotFoundFault", "The source cluster could not be found.", 404)
    name = rds._p(given, "DBClusterIdentifier")
    same = {"Engine": [source["Engine"]], "EngineVersion": [source["EngineVersion"]]}
    created = rds._create_db_cluster(given | same | {"MasterUserPassword": ["none-of-yours"]})
    if created[0] != 200:
        return created
    cluster = rds._clusters[name]
    if FAULTS.seconds_per_resource:
        cluster["Status"] = "creating"
        threading.Timer(FAULTS.seconds_per_resource, cluster.update, [{"Status": "available"}]).start()
    body = f"<RestoreDBClusterToPointInTimeResult><DBCluster>{rds._cluster_xml(cluster)}</DBCluster>"
    return rds._xml(200, "RestoreDBClusterToPointInTimeResponse", f"{body}</RestoreDBClusterToPointInTimeResult>")


def _leave_last_snapshot(real: Real, given: Record) -> Any:
    rds = module("services.rds")
    cluster, last = (rds._p(given, key) for key in ("DBClusterIdentifier", "FinalDBSnapshotIdentifier"))
    if last and cluster in rds._clusters:
        rds._create_cluster_snapshot_internal(last, rds._clusters[cluster])
    return real(given)


def _start_export(given: Record) -> Any:
    rds = module("services.rds")
    name, source = rds._p(given, "ExportTaskIdentifier"), rds._p(given, "SourceArn")
    snapshot = aurora.snapshot(source)
    if snapshot is None:
        return rds._error("DBClusterSnapshotNotFoundFault", f"{source} does not exist.", 404)
    if any(task["ExportTaskIdentifier"] == name for task in _exports()):
        return rds._error("ExportTaskAlreadyExistsFault", f"The export task with the ID {name} already exists.", 400)
    if sum(task["Status"] in NEXT_STATUS for task in _exports()) >= EXPORTS_AT_A_TIME:
        return rds._error("ExportTaskLimitReachedFault", "You have reached the limit of export tasks.", 400)
    where = {"S3Bucket": rds._p(given, "S3BucketName"), "S3Prefix": rds._p(given, "S3Prefix")}
    task = {"ExportTaskIdentifier": name, "SourceArn": source, "Status": "STARTING"} | where
    snapshot.setdefault("_exports", []).append(task)
    return rds._xml(200, "StartExportTaskResponse", f"<StartExportTaskResult>{_xml(task)}</StartExportTaskResult>")


def _describe_exports(given: Record) -> Any:
    rds = module("services.rds")
    wanted = {key: rds._p(given, key) for key in ("ExportTaskIdentifier", "SourceArn") if rds._p(given, key)}
    found = [task for task in _exports() if all(task[key] == value for key, value in wanted.items())]
    listed = "".join(f"<ExportTask>{_xml(task)}</ExportTask>" for task in found)
    for task in found:  # each is a step further the next time
        if FAULTS.exports and task["Status"] in NEXT_STATUS:
            task |= {"Status": "FAILED", "FailureCause": FAULTS.exports}
        task["Status"] = NEXT_STATUS.get(task["Status"], task["Status"])
    # An empty element would be an empty text to ministack's state machines, where AWS's see an empty list.
    tasks = f"<ExportTasks>{listed}</ExportTasks>" if listed else ""
    return rds._xml(
        200, "DescribeExportTasksResponse", f"<DescribeExportTasksResult>{tasks}</DescribeExportTasksResult>"
    )


def _exports() -> list[Record]:
    return [
        task
        for snapshot in module("services.rds")._db_cluster_snapshots.values()
        for task in snapshot.get("_exports", ())
    ]


def _xml(fields: Record) -> str:
    return "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())


def _list_points_for_steps(real: Real, resource: str, given: Record) -> Any:
    """Let a state machine list the recovery points of a vault."""
    if not resource.endswith(":aws-sdk:backup:listRecoveryPointsByBackupVault"):
        return real(resource, given)
    query = {key[2:3].lower() + key[3:]: value for key, value in given.items() if key[:2] == "By"}
    status, _, answer = _list_points(given["BackupVaultName"], query)
    if status != 200:
        raise module("services.stepfunctions")._ExecutionError("Backup.ResourceNotFoundException", answer.decode())
    return json.loads(answer)
