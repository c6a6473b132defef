"""Facts about backups, exports, restore tests and copies."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from notejam_cfn import config
from notejam_cfn.components import export_machine

VAULT = "AWS::Backup::BackupVault"
jsonata = pytest.importorskip("jsonata", reason="the emulator brings it")


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
            assert resources[name]["DeletionPolicy"] == resources[name]["UpdateReplacePolicy"] == "Retain"


def test_nobody_deletes_a_snapshot_before_its_time(compose: Any, of_type: Any) -> None:
    (vault,) = of_type(compose("standard")["backups"], VAULT).values()
    (statement,) = vault["AccessPolicy"]["Statement"]
    assert statement["Effect"] == "Deny" and "backup:DeleteRecoveryPoint" in statement["Action"]
    (vault,) = of_type(compose("economy")["backups"], VAULT).values()
    assert "AccessPolicy" not in vault


def test_production_is_locked_no_tighter_than_its_shortest_schedule(production: Any, of_type: Any) -> None:
    (vault,) = of_type(production["backups"], VAULT).values()
    assert vault["LockConfiguration"] == {"MinRetentionDays": 35}


def test_the_plan_is_continuous_daily_weekly_and_monthly(production: Any, of_type: Any) -> None:
    found = rules(production["backups"], of_type)
    assert list(found) == ["continuous", "daily", "weekly", "monthly"]
    assert found["continuous"]["EnableContinuousBackup"] is True
    assert found["continuous"]["Lifecycle"] == {"DeleteAfterDays": 35}
    assert found["monthly"]["Lifecycle"]["DeleteAfterDays"] >= 1095
    assert len({rule["ScheduleExpression"].split()[1] for rule in found.values()}) == 4


def test_continuous_backup_and_the_cluster_agree_on_how_long(production: Any, of_type: Any) -> None:
    cluster = production["database"]["Resources"]["DatabaseCluster"]["Properties"]
    continuous = rules(production["backups"], of_type)["continuous"]
    assert continuous["Lifecycle"]["DeleteAfterDays"] == cluster["BackupRetentionPeriod"]


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
    project = config.parse({"project": {"name": "notejam"}, "stages": stages})
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
        ({"monthly_kept_days": 1000}, "monthly_kept_days must be 0 or at least 1095"),
        ({"copy_region": "eu-central-1"}, "must be another region"),
        ({"copy_region": "cn-north-1"}, "copies no snapshots in China"),
        ({"lock": True, "deletable": True}, "must be false with lock"),
        ({"export_kept_days": 1000}, "more than export_warm_days"),
    ],
)
def test_settings_that_break_the_promise_are_refused(make_stage: Any, backups: dict[str, Any], says: str) -> None:
    with pytest.raises(config.ConfigError, match=says):
        make_stage("standard", backups=backups)


def test_names_that_aws_demands_are_short_enough(make_stage: Any) -> None:
    from notejam_cfn.stacks import stacks_of_stage

    table = {"region": "eu-central-1", "size": "resilient"}
    project = config.parse({"project": {"name": "p" * 20}, "stages": {"s" * 20: table}})
    for stack in stacks_of_stage(project.stages[0]):
        for body in stack.template.to_dict()["Resources"].values():
            if body["Type"] == VAULT:
                first, second, _ = body["Properties"]["BackupVaultName"]["Fn::Join"][1]
                assert len(f"{first}-{second}-12345678") <= 50


class Machine:
    """Runs the export machine: the states in order, with answers in place of AWS."""

    def __init__(self, **answers: list[dict[str, Any]]) -> None:
        self.answers = answers
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.definition = json.loads(json.dumps(export_machine.definition()).replace("${PlanId}", "monthly-plan"))

    def run(self, given: dict[str, Any]) -> list[str]:
        """Return the state each export ended in."""
        self.given = given
        listed = self._task(self.definition["States"]["FindSnapshots"], None)
        each = self.definition["States"]["ExportEach"]
        snapshots = self._value(each["Items"], {"input": listed})
        return [self._export(each["ItemProcessor"], snapshot) for snapshot in snapshots]

    def _export(self, processor: dict[str, Any], value: Any) -> str:
        name = processor["StartAt"]
        while True:
            state = processor["States"][name]
            if state["Type"] in ("Succeed", "Fail"):
                return str(name)
            if state["Type"] == "Task":
                value = self._task(state, value)
            name = self._choice(state, value) if state["Type"] == "Choice" else state["Next"]

    def _choice(self, state: dict[str, Any], value: Any) -> str:
        chosen = [c["Next"] for c in state["Choices"] if self._value(c["Condition"], {"input": value})]
        return str(chosen[0] if chosen else state["Default"])

    def _task(self, state: dict[str, Any], value: Any) -> Any:
        action = state["Resource"].strip("${}")
        states = {"input": value, "context": {"Execution": {"Input": self.given}}}
        self.called.append((action, self._value(state["Arguments"], states)))
        return self._value(state["Output"], states | {"result": self.answers[action].pop(0)})

    def _value(self, given: Any, states: dict[str, Any]) -> Any:
        if isinstance(given, dict):
            return {key: self._value(item, states) for key, item in given.items()}
        if isinstance(given, str) and given.startswith("{%"):
            expression = jsonata.Jsonata(given[2:-2].strip())
            expression.assign("states", states)
            return expression.evaluate(None)
        return given


def snapshot(name: str, plan: str = "monthly-plan", status: str = "COMPLETED") -> dict[str, Any]:
    arn = f"arn:aws:rds:eu-central-1:123456789012:cluster-snapshot:awsbackup:job-{name}"
    return {"RecoveryPointArn": arn, "CreatedBy": {"BackupPlanId": plan}, "Status": status}


NONE_YET: dict[str, Any] = {"ExportTasks": []}


def test_only_the_monthly_plans_snapshots_are_exported() -> None:
    points = [snapshot("a"), snapshot("b", plan="regular"), snapshot("c", status="EXPIRED")]
    machine = Machine(
        ListSnapshots=[{"RecoveryPoints": points}],
        LookAtExports=[NONE_YET, {"ExportTasks": [{"Status": "COMPLETE"}]}],
        StartExport=[{"ExportTaskIdentifier": "export-1"}],
    )
    assert machine.run({}) == ["Exported"]
    started = dict(machine.called)["StartExport"]
    assert started["SourceArn"] == points[0]["RecoveryPointArn"]
    assert re.fullmatch(r"export-\d{8}-\d{6}-[a-z0-9]+", started["ExportTaskIdentifier"])
    assert len(started["ExportTaskIdentifier"]) <= 60


def test_nothing_is_exported_twice() -> None:
    machine = Machine(
        ListSnapshots=[{"RecoveryPoints": [snapshot("a")]}], LookAtExports=[{"ExportTasks": [{"Status": "COMPLETE"}]}]
    )
    assert machine.run({}) == ["AlreadyExported"]


def test_an_export_that_failed_is_tried_again() -> None:
    machine = Machine(
        ListSnapshots=[{"RecoveryPoints": [snapshot("a")]}],
        LookAtExports=[
            {"ExportTasks": [{"Status": "FAILED"}]},
            {"ExportTasks": [{"Status": "IN_PROGRESS"}]},
            {"ExportTasks": [{"Status": "COMPLETE"}]},
        ],
        StartExport=[{"ExportTaskIdentifier": "export-2"}],
    )
    assert machine.run({}) == ["Exported"]


def test_an_export_that_fails_ends_the_machine_with_the_reason() -> None:
    machine = Machine(
        ListSnapshots=[{"RecoveryPoints": [snapshot("a")]}],
        LookAtExports=[NONE_YET, {"ExportTasks": [{"Status": "FAILED", "FailureCause": "no key"}]}],
        StartExport=[{"ExportTaskIdentifier": "export-3"}],
    )
    assert machine.run({}) == ["NotExported"]


def test_a_snapshot_that_is_named_is_exported_whatever_made_it() -> None:
    machine = Machine(
        ListSnapshots=[{"RecoveryPoints": []}],
        LookAtExports=[NONE_YET, {"ExportTasks": [{"Status": "COMPLETE"}]}],
        StartExport=[{"ExportTaskIdentifier": "export-4"}],
    )
    assert machine.run({"snapshot": "arn:on-demand"}) == ["Exported"]


def test_a_month_without_a_snapshot_exports_nothing() -> None:
    assert Machine(ListSnapshots=[{"RecoveryPoints": []}]).run({}) == []
