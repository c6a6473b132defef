"""What AWS leaves behind a stack, the emulator leaves too: taken names, late logs, what could not be deleted."""

from __future__ import annotations

from typing import Any

import pytest

from notejam_cfn.local.emulator import Emulator, EmulatorError

CLUSTER: dict[str, Any] = {
    "Type": "AWS::RDS::DBCluster",
    "DeletionPolicy": "Delete",
    "Properties": {
        "DBClusterIdentifier": "notes",
        "Engine": "aurora-postgresql",
        "EngineVersion": "17",
        "MasterUsername": "notejam",
        "ManageMasterUserPassword": True,
        "EnableCloudwatchLogsExports": ["postgresql"],
    },
}


def stack(**resources: dict[str, Any]) -> dict[str, Any]:
    return {"Resources": resources}


def cluster(**changes: Any) -> dict[str, Any]:
    return CLUSTER | {"Properties": CLUSTER["Properties"] | changes}


def gone(aws: Emulator, name: str) -> str:
    """Delete a stack and return the status it ends in."""
    cloudformation = aws.client("cloudformation")
    (held,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    cloudformation.delete_stack(StackName=name)
    while True:
        (now,) = cloudformation.describe_stacks(StackName=held["StackId"])["Stacks"]
        if not now["StackStatus"].endswith("_IN_PROGRESS"):
            return str(now["StackStatus"])


def groups(aws: Emulator) -> list[str]:
    return [each["logGroupName"] for each in aws.client("logs").describe_log_groups()["logGroups"]]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("AWS::Logs::LogGroup", {"LogGroupName": "taken"}),
        ("AWS::Backup::BackupVault", {"BackupVaultName": "taken"}),
        ("AWS::RDS::DBCluster", cluster(DBClusterIdentifier="taken")["Properties"]),
        ("AWS::Backup::RestoreTestingPlan", {
            "RestoreTestingPlanName": "taken",
            "ScheduleExpression": "cron(0 9 3 * ? *)",
            "RecoveryPointSelection": {
                "Algorithm": "LATEST_WITHIN_WINDOW", "IncludeVaults": ["*"], "RecoveryPointTypes": ["SNAPSHOT"],
            },
        }),
    ],
)  # fmt: skip
def test_a_name_that_is_kept_cannot_be_taken_again(aws: Emulator, kind: str, name: dict[str, Any]) -> None:
    kept = stack(Thing={"Type": kind, "DeletionPolicy": "Retain", "Properties": name})
    aws.deploy("first", kept)
    assert gone(aws, "first") == "DELETE_COMPLETE"
    with pytest.raises(EmulatorError, match=f"Resource of type '{kind}' with identifier 'taken' already exists"):
        aws.deploy("second", kept)


def test_what_is_deleted_gives_its_name_back(aws: Emulator) -> None:
    for _ in range(2):
        aws.deploy("again", stack(Group={"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "mine"}}))
        assert gone(aws, "again") == "DELETE_COMPLETE"


def test_two_stacks_of_one_name_make_up_different_names(aws: Emulator) -> None:
    unnamed = cluster()
    del unnamed["Properties"]["DBClusterIdentifier"]
    names = []
    for _ in range(2):
        names.append(
            aws.deploy("same", stack(Thing=unnamed) | {"Outputs": {"Name": {"Value": {"Ref": "Thing"}}}})["Name"]
        )
        gone(aws, "same")
    assert names[0] != names[1]


def test_rds_writes_to_its_log_when_the_stack_is_gone(aws: Emulator) -> None:
    log = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/aws/rds/cluster/notes/postgresql"}}
    whole = stack(Log=log, Thing=CLUSTER | {"DependsOn": "Log"})
    aws.deploy("database", whole)
    gone(aws, "database")
    assert groups(aws) == ["/aws/rds/cluster/notes/postgresql"]
    with pytest.raises(EmulatorError, match="already exists"):
        aws.deploy("database", whole)


def test_container_insights_write_when_the_stack_is_gone(aws: Emulator) -> None:
    insights = [{"Name": "containerInsights", "Value": "enabled"}]
    aws.deploy("on", stack(Thing={"Type": "AWS::ECS::Cluster", "Properties": {"ClusterSettings": insights}}))
    aws.deploy("off", stack(Thing={"Type": "AWS::ECS::Cluster", "Properties": {}}))
    assert {gone(aws, "on"), gone(aws, "off")} == {"DELETE_COMPLETE"}
    (late,) = groups(aws)
    assert late.startswith("/aws/ecs/containerinsights/on-Thing")


def test_a_protected_database_is_not_deleted(aws: Emulator) -> None:
    aws.deploy("database", stack(Thing=cluster(DeletionProtection=True)))
    assert gone(aws, "database") == "DELETE_FAILED"
    aws.client("rds").modify_db_cluster(DBClusterIdentifier="notes", DeletionProtection=False)
    assert gone(aws, "database") == "DELETE_COMPLETE"


def test_a_creation_that_could_not_be_taken_back_still_holds_what_it_could_not_delete(aws: Emulator) -> None:
    aws.set_faults(failures=[{"logical_id": "Topic", "operation": "create", "reason": "no"}])
    topic = {"Type": "AWS::SNS::Topic", "DependsOn": "Thing"}
    with pytest.raises(EmulatorError, match="Topic: no"):
        aws.deploy("database", stack(Thing=cluster(DeletionProtection=True), Topic=topic))
    cloudformation = aws.client("cloudformation")
    assert cloudformation.describe_stacks(StackName="database")["Stacks"][0]["StackStatus"] == "ROLLBACK_FAILED"
    (held,) = cloudformation.list_stack_resources(StackName="database")["StackResourceSummaries"]
    assert (held["LogicalResourceId"], held["ResourceStatus"]) == ("Thing", "DELETE_FAILED")


def test_a_major_version_takes_the_default_of_its_minor_ones(aws: Emulator) -> None:
    aws.deploy("database", stack(Thing=CLUSTER))
    (found,) = aws.client("rds").describe_db_clusters(DBClusterIdentifier="notes")["DBClusters"]
    assert found["EngineVersion"].startswith("17.")


def test_a_cluster_is_not_restored_into_an_earlier_version_than_its_snapshots(aws: Emulator) -> None:
    rds = aws.client("rds")
    aws.deploy("database", stack(Thing=CLUSTER))
    rds.modify_db_cluster(DBClusterIdentifier="notes", EngineVersion="17.9", ApplyImmediately=True)
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="newer", DBClusterIdentifier="notes")
    restored = cluster(DBClusterIdentifier="restored", SnapshotIdentifier="newer")
    with pytest.raises(EmulatorError, match=r"\(17\.7\) is earlier than the engine version of the DB cluster snapshot"):
        aws.deploy("restored", stack(Thing=restored))
    gone(aws, "restored")
    restored["Properties"]["EngineVersion"] = "17.9"
    aws.deploy("restored", stack(Thing=restored))
