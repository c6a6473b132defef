"""Facts about the database."""

from __future__ import annotations

from typing import Any

import pytest

CLUSTER = "AWS::RDS::DBCluster"


def clusters(template: dict[str, Any], of_type: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    found = of_type(template, CLUSTER)
    return found["DatabaseCluster"], found["RestoredCluster"]


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
    for cluster in clusters(compose()["database"], of_type):
        assert cluster["ManageMasterUserPassword"] is True
        assert "MasterUserPassword" not in cluster


def test_a_restored_cluster_differs_from_a_new_one_only_in_where_it_comes_from(compose: Any, of_type: Any) -> None:
    new, restored = clusters(compose()["database"], of_type)
    assert set(new) ^ set(restored) == {"MasterUsername", "SnapshotIdentifier"}
    assert {k: v for k, v in new.items() if k in restored} == {k: v for k, v in restored.items() if k in new}


def test_one_of_the_two_clusters_exists(compose: Any) -> None:
    template = compose()["database"]
    assert template["Resources"]["DatabaseCluster"]["Condition"] == "NewDatabase"
    assert template["Resources"]["RestoredCluster"]["Condition"] == "HasSnapshotIdentifier"
    assert template["Conditions"]["NewDatabase"] == {"Fn::Not": [{"Condition": "HasSnapshotIdentifier"}]}


def test_a_cluster_that_may_pause_says_when(compose: Any, of_type: Any) -> None:
    scaling = clusters(compose("economy")["database"], of_type)[0]["ServerlessV2ScalingConfiguration"]
    assert scaling["SecondsUntilAutoPause"] == 300
    scaling = clusters(compose("resilient")["database"], of_type)[0]["ServerlessV2ScalingConfiguration"]
    assert "SecondsUntilAutoPause" not in scaling


@pytest.mark.parametrize(("readers", "zones"), [(0, [0]), (1, [0, 1]), (2, [0, 1, 2]), (3, [0, 1, 2, 0])])
def test_readers_lie_in_other_zones(compose: Any, of_type: Any, readers: int, zones: list[int]) -> None:
    instances = of_type(compose(database={"readers": readers})["database"], "AWS::RDS::DBInstance").values()
    assert [instance["AvailabilityZone"]["Fn::Select"][0] for instance in instances] == zones
    assert not any(instance["PubliclyAccessible"] for instance in instances)


def test_production_is_protected_and_recoverable_for_35_days(compose: Any, of_type: Any) -> None:
    template = compose("resilient")["database"]
    cluster, _ = clusters(template, of_type)
    assert cluster["DeletionProtection"] is True
    assert cluster["BackupRetentionPeriod"] == 35
    assert cluster["DeleteAutomatedBackups"] is False
    assert template["Resources"]["DatabaseCluster"]["DeletionPolicy"] == "Snapshot"


def test_tls_is_forced_and_storage_encrypted_with_the_stages_key(compose: Any, of_type: Any) -> None:
    template = compose()["console"]
    (parameters,) = of_type(template, "AWS::RDS::DBClusterParameterGroup").values()
    assert parameters["Parameters"]["rds.force_ssl"] == "1"
    assert clusters(template, of_type)[0]["KmsKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}


def test_the_log_group_is_made_before_the_cluster_that_writes_to_it(compose: Any, of_type: Any) -> None:
    template = compose()["database"]
    name = template["Resources"]["DatabaseLogGroup"]["Properties"]["LogGroupName"]["Fn::Sub"]
    identifier = clusters(template, of_type)[0]["DBClusterIdentifier"]["Fn::Sub"]
    assert name == f"/aws/rds/cluster/{identifier}/postgresql"
    assert template["Resources"]["DatabaseCluster"]["DependsOn"] == "DatabaseLogGroup"


def test_the_parameter_group_fits_the_engine(compose: Any, of_type: Any) -> None:
    template = compose(database={"engine_version": "16.9"})["database"]
    (parameters,) = of_type(template, "AWS::RDS::DBClusterParameterGroup").values()
    assert parameters["Family"] == "aurora-postgresql16"
