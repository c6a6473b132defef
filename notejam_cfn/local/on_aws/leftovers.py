"""What a trial leaves: found by its tag, deleted where a template retains it, named where it should not be there."""

from __future__ import annotations

from collections.abc import Callable

from ...deploy.aws.client import Aws

# What AWS still lists for a while after it was deleted, and bills nobody for: keys, and what ECS calls INACTIVE.
ENDS_BY_ITSELF = (":key/", ":task-definition/", ":ecs:", ":kms:")
TRIES, PAUSE_SECONDS = 20, 15.0
Pause = Callable[[float], None]


def tagged(aws: Aws, region: str, project: str) -> list[str]:
    """Return the ARNs of everything that carries a project's tag in a region, save what ends by itself."""
    filters = [{"Key": "project", "Values": [project]}]
    pages = aws.pages("resourcegroupstaggingapi", region, "get_resources", TagFilters=filters)
    arns = [str(one["ResourceARN"]) for page in pages for one in page["ResourceTagMappingList"]]
    return [arn for arn in arns if not any(part in arn for part in ENDS_BY_ITSELF)]


def remove(aws: Aws, region: str, project: str, pause: Pause) -> list[str]:
    """Delete what outlives its stack by design, and return what is left all the same.

    The deletion of a snapshot takes a while, and its vault and the tag look-up follow later.
    """
    left: list[str] = []
    for _ in range(TRIES):
        for arn in tagged(aws, region, project):
            delete = next((delete for part, delete in DELETED_BY.items() if part in arn), None)
            if delete:
                delete(aws, region, arn)
        left = tagged(aws, region, project)
        if not [arn for arn in left if any(part in arn for part in DELETED_BY)]:
            break
        pause(PAUSE_SECONDS)
    return left


def _delete_vault(aws: Aws, region: str, arn: str) -> None:
    """Delete a vault when it is empty, and what it holds until then."""
    name = arn.rpartition(":")[2]
    pages = aws.pages("backup", region, "list_recovery_points_by_backup_vault", BackupVaultName=name)
    points = [point for page in pages for point in page["RecoveryPoints"]]
    for point in points:
        if point["Status"] != "DELETING":
            given = {"BackupVaultName": name, "RecoveryPointArn": point["RecoveryPointArn"]}
            aws.call("backup", region, "delete_recovery_point", **given)
    if not points:
        aws.call("backup", region, "delete_backup_vault", BackupVaultName=name)


def _delete_snapshot(aws: Aws, region: str, arn: str) -> None:
    """Delete a last snapshot. One that AWS Backup made goes with its vault."""
    name = arn.partition(":cluster-snapshot:")[2]
    if not name.startswith("awsbackup:"):
        aws.call("rds", region, "delete_db_cluster_snapshot", DBClusterSnapshotIdentifier=name)


def _delete_log_group(aws: Aws, region: str, arn: str) -> None:
    aws.call("logs", region, "delete_log_group", logGroupName=arn.partition(":log-group:")[2].removesuffix(":*"))


def _delete_bucket(aws: Aws, region: str, arn: str) -> None:
    name = arn.rpartition(":")[2]
    versions = aws.call("s3", region, "list_object_versions", Bucket=name)
    while found := [*versions.get("Versions", ()), *versions.get("DeleteMarkers", ())]:
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        aws.call("s3", region, "delete_objects", Bucket=name, Delete={"Objects": objects, "Quiet": True})
        versions = aws.call("s3", region, "list_object_versions", Bucket=name)
    aws.call("s3", region, "delete_bucket", Bucket=name)


DELETED_BY: dict[str, Callable[[Aws, str, str], None]] = {
    ":backup-vault:": _delete_vault,
    ":cluster-snapshot:": _delete_snapshot,
    ":log-group:": _delete_log_group,
    ":s3:::": _delete_bucket,
}
"""How to delete what a template retains, by a part of its ARN."""
