"""Facts about backups, exports, restore tests and copies."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest

from notejam_cfn.components.backup import snapshot_export_machine
from notejam_cfn.config import loader

VAULT = "AWS::Backup::BackupVault"


@pytest.fixture(scope="module")
def production(compose: Any) -> dict[str, Any]:
    found: dict[str, Any] = compose("resilient", backups={"copy_region": "eu-west-1"})
    return found


def rules(template: dict[str, Any], of_type: Any) -> dict[str, dict[str, Any]]:
    plans = of_type(template, "AWS::Backup::BackupPlan").values()
    return {rule["RuleName"]: rule for plan in plans for rule in plan["BackupPlan"]["BackupPlanRule"]}


def test_the_vault_outlives_everything(compose: Any) -> None:
    for size in ("economy", "standard", "resilient"):
        resources = compose(size)["backups"]["Resources"]
        for name in ("BackupVault", "BackupRole"):
            assert resources[name]["DeletionPolicy"] == "RetainExceptOnCreate"
            assert resources[name]["UpdateReplacePolicy"] == "Retain"


def test_no_setting_changes_the_key_of_the_vault(compose: Any, of_type: Any) -> None:
    keys = [
        of_type(compose("standard", backups={"own_key": own})["console"], VAULT)["BackupVault"]["EncryptionKeyArn"]
        for own in (True, False)
    ]
    assert keys == [{"Fn::GetAtt": ["Key", "Arn"]}] * 2


def test_nobody_deletes_a_snapshot_before_its_time(compose: Any, of_type: Any) -> None:
    (vault,) = of_type(compose("standard")["backups"], VAULT).values()
    (statement,) = vault["AccessPolicy"]["Statement"]
    assert statement["Effect"] == "Deny" and "backup:DeleteRecoveryPoint" in statement["Action"]
    (vault,) = of_type(compose("economy")["backups"], VAULT).values()
    assert "AccessPolicy" not in vault


def test_production_is_locked_no_tighter_than_its_shortest_schedule(production: Any, of_type: Any) -> None:
    for layer in ("backups", "copies"):
        (vault,) = of_type(production[layer], VAULT).values()
        assert vault["LockConfiguration"] == {"MinRetentionDays": 7}


def test_another_schedule_leaves_the_lock_as_it_is(compose: Any, of_type: Any) -> None:
    """What is locked for good can never be changed: an update that tried would fail for ever."""
    template = compose("resilient", backups={"daily_retention_days": 14, "lock_grace_days": 3})["backups"]
    (vault,) = of_type(template, VAULT).values()
    assert vault["LockConfiguration"] == {"MinRetentionDays": 7, "ChangeableForDays": 3}


def test_the_plan_is_daily_weekly_and_monthly(production: Any, of_type: Any) -> None:
    found = rules(production["backups"], of_type)
    assert list(found) == ["daily", "weekly", "monthly"]
    assert found["monthly"]["Lifecycle"]["DeleteAfterDays"] >= 1095
    assert len({rule["ScheduleExpression"].split()[1] for rule in found.values()}) == 3


def test_where_only_months_are_kept_no_plan_is_without_a_rule(compose: Any, of_type: Any) -> None:
    template = compose("standard", backups={"daily_retention_days": 0, "weekly_retention_days": 0})["backups"]
    (plan,) = of_type(template, "AWS::Backup::BackupPlan").values()
    assert [rule["RuleName"] for rule in plan["BackupPlan"]["BackupPlanRule"]] == ["monthly"]


def test_how_far_back_any_second_can_be_recovered_is_the_databases_to_say(production: Any, of_type: Any) -> None:
    cluster = production["database"]["Resources"]["DatabaseCluster"]["Properties"]
    assert cluster["BackupRetentionPeriod"] == 35
    assert not any("EnableContinuousBackup" in rule for rule in rules(production["backups"], of_type).values())


def test_no_rule_asks_for_a_cold_tier_that_aurora_does_not_have(production: Any) -> None:
    assert "MoveToColdStorageAfterDays" not in json.dumps(production["backups"])


def test_the_database_is_found_by_its_tags(production: Any, of_type: Any) -> None:
    cluster = production["database"]["Resources"]["DatabaseCluster"]["Properties"]
    tags = {tag["Key"]: tag["Value"] for tag in cluster["Tags"]}
    for selection in of_type(production["backups"], "AWS::Backup::BackupSelection").values():
        wanted = selection["BackupSelection"]["Conditions"]["StringEquals"]
        for condition in wanted:
            assert tags[condition["ConditionKey"].removeprefix("aws:ResourceTag/")] == condition["ConditionValue"]


def test_exports_are_warm_for_three_years_then_archived(production: Any, of_type: Any) -> None:
    (bucket,) = of_type(production["backups"], "AWS::S3::Bucket").values()
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Transitions"] == [{"StorageClass": "DEEP_ARCHIVE", "TransitionInDays": 1095}]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert "ObjectLockEnabled" not in bucket


def test_exports_can_be_locked(compose: Any, of_type: Any) -> None:
    (bucket,) = of_type(compose("standard", backups={"object_lock": True})["backups"], "AWS::S3::Bucket").values()
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 1095}


def test_where_nothing_is_exported_the_build_says_so() -> None:
    stages = {"prod": {"region": "ap-southeast-7", "size": "resilient"}}
    project = loader.parse({"project": {"name": "notejam"}, "stages": stages})
    assert any("exports no snapshots to S3" in warning for warning in project.warnings())


def test_a_restore_is_tested_every_month_in_the_databases_own_subnets(production: Any, of_type: Any) -> None:
    (plan,) = of_type(production["backups"], "AWS::Backup::RestoreTestingPlan").values()
    assert re.fullmatch(r"cron\(\d+ \d+ \d+ \* \? \*\)", plan["ScheduleExpression"])
    (selection,) = of_type(production["backups"], "AWS::Backup::RestoreTestingSelection").values()
    assert selection["ProtectedResourceType"] == "Aurora"
    assert set(selection["RestoreMetadataOverrides"]) == {"dbSubnetGroupName"}


def test_copies_go_to_the_second_region_under_its_own_key(production: Any, of_type: Any) -> None:
    found = rules(production["backups"], of_type)
    destination = {"StackName": "notejam-dev-copies", "OutputName": "VaultArn", "Region": "eu-west-1"}
    for name in ("daily", "monthly"):
        (copy,) = found[name]["CopyActions"]
        assert copy["DestinationBackupVaultArn"] == {"Fn::GetStackOutput": destination}
    (vault,) = of_type(production["copies"], VAULT).values()
    assert vault["EncryptionKeyArn"] == {"Fn::GetAtt": ["CopyKey", "Arn"]}


@pytest.mark.parametrize(
    ("backups", "says"),
    [
        ({"monthly_retention_days": 1125}, "monthly_retention_days must be 0 or at least 1126"),
        ({"copy_region": "eu-central-1"}, "must be another region"),
        ({"copy_region": "cn-north-1"}, "copies no snapshots in China"),
        ({"lock": True, "deletable": True}, "must be false with lock"),
        ({"lock": True, "lock_days": 8, "daily_retention_days": 7}, "lock_days must be at most 7"),
        (
            {"copy_region": "eu-west-1", "daily_retention_days": 0, "monthly_retention_days": 0, "export": False},
            "what is copied",
        ),
        ({"export_retention_days": 1000}, "more than export_warm_days"),
    ],
)
def test_settings_that_break_the_promise_are_refused(make_stage: Any, backups: dict[str, Any], says: str) -> None:
    with pytest.raises(loader.ConfigError, match=says):
        make_stage("standard", backups=backups)


def test_names_that_aws_demands_are_short_enough(make_stage: Any) -> None:
    from notejam_cfn.stacks import stacks_of_stage

    stage = dataclasses.replace(make_stage("resilient"), project="p" * 20, name="s" * 20)
    for stack in stacks_of_stage(stage):
        for body in stack.template.to_dict()["Resources"].values():
            if body["Type"] == VAULT:
                first, second, _ = body["Properties"]["BackupVaultName"]["Fn::Join"][1]
                assert len(f"{first}-{second}-12345678") <= 50


def test_small_tables_are_archived_too(production: Any, of_type: Any) -> None:
    (bucket,) = of_type(production["backups"], "AWS::S3::Bucket").values()
    assert bucket["LifecycleConfiguration"]["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


def test_people_are_told_of_an_export_that_fails_and_of_one_that_never_ends(production: Any, of_type: Any) -> None:
    pattern = of_type(production["backups"], "AWS::Events::Rule")["ExportFailed"]["EventPattern"]
    assert pattern["detail"] == {"status": ["FAILED", "TIMED_OUT"], "stateMachineArn": [{"Ref": "ExportMachine"}]}


def test_the_machine_may_do_what_it_calls_and_what_it_is_told_to_trace(production: Any, of_type: Any) -> None:
    machine = of_type(production["backups"], "AWS::StepFunctions::StateMachine")["ExportMachine"]
    role = of_type(production["backups"], "AWS::IAM::Role")["ExportRole"]
    may = {a.lower() for s in role["Policies"][0]["PolicyDocument"]["Statement"] for a in s["Action"]}
    assert {action.lower() for action in snapshot_export_machine.ACTIONS.values()} <= may
    assert machine["TracingConfiguration"] == {"Enabled": True} and "xray:puttracesegments" in may


def test_its_log_needs_no_place_in_the_accounts_resource_policy(production: Any, of_type: Any) -> None:
    group = of_type(production["backups"], "AWS::Logs::LogGroup")["ExportLogGroup"]
    assert group["LogGroupName"]["Fn::Sub"][0] == "/aws/vendedlogs/states/${Name}"
