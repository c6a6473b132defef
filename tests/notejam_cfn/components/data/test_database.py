"""Facts about the database."""

from __future__ import annotations

import re
from typing import Any

import pytest

from notejam_cfn.core import names

CLUSTER = "AWS::RDS::DBCluster"


def cluster_of(template: dict[str, Any], of_type: Any) -> dict[str, Any]:
    (found,) = of_type(template, CLUSTER).values()
    return dict(found)


def test_database_admits_only_its_clients(compose: Any, of_type: Any) -> None:
    template = compose()["database"]
    (rule,) = of_type(template, "AWS::EC2::SecurityGroupIngress").values()
    assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": ["DatabaseClients", "GroupId"]}
    assert (rule["FromPort"], rule["ToPort"]) == (5432, 5432)
    assert not any("SecurityGroupIngress" in group for group in of_type(template, "AWS::EC2::SecurityGroup").values())


def test_database_lies_in_isolated_subnets(compose: Any, of_type: Any) -> None:
    (subnets,) = of_type(compose()["console"], "AWS::RDS::DBSubnetGroup").values()
    assert subnets["SubnetIds"] == [{"Ref": f"IsolatedSubnet{zone}"} for zone in (1, 2, 3)]


def test_no_password_is_written_down(compose: Any, of_type: Any) -> None:
    cluster = cluster_of(compose()["database"], of_type)
    assert cluster["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster


@pytest.mark.parametrize(("size", "readers"), [("economy", 0), ("resilient", 2)])
def test_a_snapshot_alone_decides_where_the_database_comes_from(
    compose: Any, of_type: Any, size: str, readers: int
) -> None:
    template = compose(size)["database"]
    cluster, given, none = cluster_of(template, of_type), "HasSnapshotIdentifier", {"Ref": "AWS::NoValue"}
    assert cluster["SnapshotIdentifier"] == {"Fn::If": [given, {"Ref": "SnapshotIdentifier"}, none]}
    assert cluster["MasterUsername"] == {"Fn::If": [given, none, "clusteradmin"]}
    assert cluster["DatabaseName"] == {"Fn::If": [given, none, "notejam"]}
    assert len(of_type(template, "AWS::RDS::DBInstance")) == readers + 1
    assert "Condition" not in template["Resources"]["DatabaseCluster"]


@pytest.mark.parametrize("size", ["economy", "standard", "resilient"])
def test_a_cluster_that_is_replaced_is_kept(compose: Any, size: str) -> None:
    assert compose(size)["database"]["Resources"]["DatabaseCluster"]["UpdateReplacePolicy"] == "Retain"


def test_a_restore_says_the_version_of_its_snapshot(compose: Any, of_type: Any) -> None:
    template = compose()["database"]
    assert cluster_of(template, of_type)["EngineVersion"] == {"Ref": "EngineVersion"}
    version = template["Parameters"]["EngineVersion"]
    assert version["Default"] == "17"
    assert [bool(re.fullmatch(version["AllowedPattern"], text)) for text in ("17.9", "17.11", "18.3", "")] == [
        *(True, True, False, False)
    ]


def test_the_name_of_a_cluster_fits_where_project_and_stage_have_the_longest() -> None:
    """An identifier has at most 63 characters. Source: Amazon RDS API Reference, CreateDBCluster."""
    longest = names.stack("p" * 20, "s" * 20, "database")
    assert len(f"{longest}-1a2b3c4d-999") <= 63


def test_the_database_says_where_it_is_without_a_detour(compose: Any) -> None:
    template = compose()["database"]
    assert template["Outputs"]["Endpoint"]["Value"] == {"Fn::GetAtt": ["DatabaseCluster", "Endpoint.Address"]}
    assert template["Outputs"]["SecretArn"]["Value"] == {
        "Fn::GetAtt": ["DatabaseCluster", "MasterUserSecret.SecretArn"]
    }


def test_a_cluster_that_may_pause_says_when(compose: Any, of_type: Any) -> None:
    for size, seconds in {"economy": 300, "resilient": 1800}.items():
        scaling = cluster_of(compose(size)["database"], of_type)["ServerlessV2ScalingConfiguration"]
        assert scaling["SecondsUntilAutoPause"] == {"Fn::If": ["DatabasePauses", seconds, {"Ref": "AWS::NoValue"}]}


@pytest.mark.parametrize(("readers", "zones"), [(0, [0]), (1, [0, 1]), (2, [0, 1, 2]), (3, [0, 1, 2, 0])])
def test_readers_lie_in_other_zones(compose: Any, of_type: Any, readers: int, zones: list[int]) -> None:
    instances = of_type(compose(database={"readers": readers})["database"], "AWS::RDS::DBInstance").values()
    assert [instance["AvailabilityZone"]["Fn::Select"][0] for instance in instances] == zones
    assert not any(instance["PubliclyAccessible"] for instance in instances)


def test_production_is_protected_and_recoverable_for_35_days(compose: Any, of_type: Any) -> None:
    template = compose("resilient")["database"]
    cluster = cluster_of(template, of_type)
    assert cluster["DeletionProtection"] is True
    assert cluster["BackupRetentionPeriod"] == 35
    assert cluster["DeleteAutomatedBackups"] is False
    assert template["Resources"]["DatabaseCluster"]["DeletionPolicy"] == "Snapshot"


def test_tls_is_forced_and_storage_encrypted_with_the_stages_key(compose: Any, of_type: Any) -> None:
    template = compose()["console"]
    (parameters,) = of_type(template, "AWS::RDS::DBClusterParameterGroup").values()
    assert parameters["Parameters"]["rds.force_ssl"] == "1"
    assert cluster_of(template, of_type)["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}


def test_the_log_group_is_made_before_the_cluster_that_writes_to_it(compose: Any, of_type: Any) -> None:
    template = compose()["database"]
    text, parts = template["Resources"]["DatabaseLogGroup"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert text == "/aws/rds/cluster/${Name}/postgresql"
    assert parts["Name"] == cluster_of(template, of_type)["DBClusterIdentifier"]
    assert template["Resources"]["DatabaseCluster"]["DependsOn"] == "DatabaseLogGroup"


def test_the_parameter_group_fits_the_engine(compose: Any, of_type: Any) -> None:
    template = compose(database={"engine_version": "16.9"})["database"]
    (parameters,) = of_type(template, "AWS::RDS::DBClusterParameterGroup").values()
    assert parameters["Family"] == "aurora-postgresql16"
