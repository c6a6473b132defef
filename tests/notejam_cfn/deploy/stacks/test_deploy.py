"""What deploy.py promises, against the emulator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.local.emulator import REGION, Emulator
from tests.conftest import Run
from tests.notejam_cfn.deploy.conftest import Shop, resource


def state(facade: Aws, layer: str) -> Any:
    found = facade.stack(REGION, f"shop-dev-{layer}")
    assert found
    return found


def calls(aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the requests that are made from now on."""
    made: list[str] = []
    real = Aws.call

    def call(self: Aws, service: str, region: str, method: str, /, **given: Any) -> Any:
        made.append(method)
        return real(self, service, region, method, **given)

    monkeypatch.setattr(Aws, "call", call)
    return made


def test_a_stage_comes_up_in_order_and_prints_its_address(run: Run) -> None:
    ran = run("deploy", "--yes")
    assert ran.exit == 0
    order = [line.split()[1] for line in ran.out.splitlines() if "created in" in line]
    assert order.index("base") < order.index("data") < order.index("app")
    assert ".example.com" in ran.out.splitlines()[-2]


def test_a_first_deployment_says_how_to_release(run: Run) -> None:
    assert "python -m notejam_cfn release dev" in run("deploy", "--yes").out


def test_nothing_to_do_costs_one_call_a_stack(
    run: Run, deployed: None, aws: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = calls(aws, monkeypatch)
    assert run("deploy", "--yes").exit == 0
    assert made == ["get_caller_identity"] + ["describe_stacks"] * 4


def test_nothing_to_do_can_be_told_apart(run: Run, deployed: None) -> None:
    assert run("deploy", "--yes", "--tell-unchanged").exit == 10


def test_without_an_answer_nothing_is_deployed(run: Run, facade: Aws) -> None:
    ran = run("deploy")
    assert ran.exit == 4
    assert facade.stack(REGION, "shop-dev-base") is None


def test_a_dry_run_shows_and_leaves_nothing(run: Run, deployed: None, facade: Aws, shop: Shop, aws: Emulator) -> None:
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.write()
    ran = run("deploy", "--dry-run")
    assert "~ Logs (Logs::LogGroup): RetentionInDays" in ran.out
    assert "Nothing was changed" in ran.out
    assert aws.client("cloudformation").list_change_sets(StackName="shop-dev-base")["Summaries"] == []
    assert state(facade, "base").status == "CREATE_COMPLETE"


def test_only_what_was_asked_for_is_deployed(run: Run, facade: Aws) -> None:
    assert run("deploy", "--yes", "--only", "extra").exit == 0
    assert facade.stack(REGION, "shop-dev-base") is None


def test_a_changed_output_reaches_the_stacks_that_read_it(run: Run, deployed: None, shop: Shop, facade: Aws) -> None:
    """CloudFormation alone would not notice: the template of the reading stack is the same."""
    before = {r.logical_id: r.physical_id for r in facade.resources(REGION, "shop-dev-app")}
    shop.properties("base", "Address")["NetworkBorderGroup"] = "eu-central-1"
    shop.write()
    assert "Door of shop-dev-app still uses the one there is now" in run("deploy", "--yes").out
    assert run("deploy", "--yes", "--allow", "base.Address").exit == 0
    assert {r.logical_id: r.physical_id for r in facade.resources(REGION, "shop-dev-app")} != before


def test_values_of_parameters_are_kept(run: Run, shop: Shop, facade: Aws) -> None:
    run("deploy", "--yes", "--parameter", "ImageUri=registry/one")
    shop.properties("app", "Door")["MaxDrainDurationSeconds"] = 60
    shop.write()
    run("deploy", "--yes")
    assert state(facade, "app").parameters["ImageUri"] == "registry/one"


def test_a_default_that_nobody_chose_follows_the_template(run: Run, shop: Shop, facade: Aws) -> None:
    shop.documents["base"]["Resources"]["Logs"]["Properties"]["LogGroupName"] = {"Fn::Sub": "logs-${Size}"}
    shop.write()
    run("deploy", "--yes")
    shop.documents["base"]["Parameters"]["Size"]["Default"] = "2"
    shop.write()
    assert run("deploy", "--yes", "--allow", "base.Logs").exit == 0
    assert state(facade, "base").parameters["Size"] == "2"


def test_replacing_what_people_stored_is_refused_unless_named(
    run: Run, deployed: None, shop: Shop, facade: Aws
) -> None:
    shop.properties("data", "Store")["TableName"] = "renamed"
    shop.write()
    ran = run("deploy", "--yes")
    assert ran.exit == 4
    assert "DATA LOST: what is stored in it goes with it" in ran.out
    assert "--allow data.Store" in ran.err
    assert state(facade, "data").status == "CREATE_COMPLETE"
    assert run("deploy", "--yes", "--allow", "data.Store").exit == 0


def test_removing_what_people_stored_is_refused(run: Run, deployed: None, shop: Shop) -> None:
    shop.documents["data"]["Resources"] = {"Other": resource("AWS::EC2::EIP")}
    shop.write()
    ran = run("deploy", "--yes")
    assert (ran.exit, "data.Store: data lost" in ran.err) == (4, True)


def test_protection_and_tags_are_there_before_the_first_resource(run: Run, shop: Shop, aws: Emulator) -> None:
    shop.protected = True
    shop.write()
    aws.set_faults(failures=[{"logical_id": "Address", "operation": "create", "reason": "no"}])
    run("deploy", "--yes", "--only", "base")
    client = aws.client("cloudformation")
    found = client.describe_stacks(StackName="shop-dev-base")["Stacks"][0]
    assert found["EnableTerminationProtection"] is True
    assert {"Key": "stage", "Value": "dev"} in found["Tags"]
    policy = json.loads(client.get_stack_policy(StackName="shop-dev-base")["StackPolicyBody"])
    assert policy["Statement"][1]["Action"] == ["Update:Replace", "Update:Delete"]


def test_a_failure_stops_what_depends_on_it_and_nothing_else(run: Run, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(failures=[{"logical_id": "Store", "operation": "create", "reason": "LimitExceeded: tables"}])
    ran = run("deploy", "--yes")
    assert ran.exit == 1
    assert "First cause: Store (AWS::DynamoDB::Table)" in ran.out
    assert "Service Quotas" in ran.out
    assert "shop-dev-app was skipped" in ran.out
    assert state(facade, "extra").status == "CREATE_COMPLETE"
    assert facade.stack(REGION, "shop-dev-app") is None


def test_after_a_failed_creation_the_same_command_continues(run: Run, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(failures=[{"logical_id": "Store", "operation": "create", "reason": "no"}])
    run("deploy", "--yes")
    aws.set_faults()
    ran = run("deploy", "--yes")
    assert ran.exit == 0
    assert "could not be created, and was taken back; it is deleted first" in ran.out
    assert state(facade, "app").status == "CREATE_COMPLETE"


def test_a_failed_update_is_taken_back_and_is_a_failure(
    run: Run, deployed: None, aws: Emulator, shop: Shop, facade: Aws
) -> None:
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.write()
    aws.set_faults(failures=[{"logical_id": "Logs", "operation": "update", "reason": "not today"}])
    ran = run("deploy", "--yes")
    assert (ran.exit, "not today" in ran.out) == (1, True)
    assert state(facade, "base").status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_stack_that_is_stuck_needs_recovery_and_gets_it(
    run: Run, deployed: None, aws: Emulator, shop: Shop, facade: Aws
) -> None:
    shop.properties("base", "Address")["Tags"] = [{"Key": "colour", "Value": "red"}]
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.write()
    _make_stuck(aws, run)
    assert state(facade, "base").status == "UPDATE_ROLLBACK_FAILED"
    assert "-m notejam_cfn recover dev" in run("deploy", "--yes").said
    ran = run("recover", "--yes", "--skip", "Address")
    assert ran.exit == 0
    assert "will be skipped" in ran.out
    assert state(facade, "base").status == "UPDATE_ROLLBACK_COMPLETE"


def _make_stuck(aws: Emulator, run: Run) -> None:
    """Fail forward at Logs, then backward at Address, which was updated before it."""
    aws.set_faults(
        failures=[
            {"logical_id": "Logs", "operation": "update", "reason": "no"},
            {"logical_id": "Address", "operation": "update", "reason": "cannot go back", "skip": 1},
        ]
    )
    assert run("deploy", "--yes").exit == 3


def test_a_stack_of_somebody_else_is_left_alone(run: Run, aws: Emulator) -> None:
    aws.deploy("shop-dev-base", {"Resources": {"Theirs": {"Type": "AWS::EC2::EIP"}}})
    ran = run("deploy", "--yes")
    assert (ran.exit, "is not this stage's" in ran.err) == (4, True)


def test_the_wrong_account_is_refused(run: Run, shop: Shop) -> None:
    shop.account = "999999999999"
    shop.write()
    ran = run("deploy", "--yes")
    assert (ran.exit, "belongs in account 999999999999" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--parameter", "Imageuri=x"], "did you mean 'ImageUri'?"),
        (["--parameter", "ImageUri"], "takes NAME=VALUE"),
        (["--only", "aap"], "did you mean 'app'?"),
    ],
)
def test_bad_input_is_explained(run: Run, arguments: list[str], said: str) -> None:
    ran = run("deploy", *arguments)
    assert (ran.exit, said in ran.err) == (2, True)


def test_an_unknown_stage_is_explained(run: Run) -> None:
    ran = run("deploy", stage="dve")
    assert (ran.exit, "did you mean 'dev'?" in ran.err) == (2, True)


def test_a_template_that_was_changed_by_hand_is_refused(run: Run, shop: Shop) -> None:
    (shop.folder / "base.json").write_text("{}", encoding="utf-8")
    ran = run("deploy", "--yes")
    assert (ran.exit, "is not the template that was built" in ran.err) == (2, True)


def test_a_missing_build_is_explained(run: Run, shop: Shop) -> None:
    (shop.folder / "manifest.json").unlink()
    assert "python -m notejam_cfn build" in run("deploy").err


def test_json_is_all_that_standard_output_holds(run: Run) -> None:
    ran = run("deploy", "--yes", "--json")
    document = json.loads(ran.out)
    assert document["exit"] == 0
    assert document["stacks"]["shop-dev-app"]["fate"] == "created"


def test_throttling_is_waited_out(run: Run, aws: Emulator) -> None:
    aws.set_faults(answers=[{"action": "DescribeStackEvents", "error": "Throttling", "times": 2}])
    assert run("deploy", "--yes", "--only", "extra").exit == 0


def test_a_connection_that_breaks_is_tried_again(run: Run, aws: Emulator) -> None:
    aws.set_faults(answers=[{"action": "DescribeStackEvents", "error": "hang up", "times": 2}])
    assert run("deploy", "--yes", "--only", "extra").exit == 0


def test_expired_credentials_are_explained(run: Run, aws: Emulator) -> None:
    aws.set_faults(answers=[{"action": "DescribeStacks", "error": "ExpiredToken", "times": 9}])
    ran = run("deploy", "--yes")
    assert (ran.exit, "Sign in again" in ran.err) == (5, True)


def test_credentials_that_expire_on_the_way_do_not_stop_aws(run: Run, aws: Emulator, facade: Aws) -> None:
    aws.set_faults(
        answers=[{"action": "DescribeStackEvents", "error": "ExpiredToken", "times": 9}], seconds_per_resource=0.2
    )
    ran = run("deploy", "--yes", "--only", "extra")
    assert (ran.exit, "it continues" in ran.said) == (5, True)
    aws.set_faults()
    assert run("deploy", "--yes", "--only", "extra").exit == 0


def test_an_expired_change_set_is_made_anew(
    run: Run, deployed: None, shop: Shop, monkeypatch: pytest.MonkeyPatch, aws: Emulator
) -> None:
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.write()
    executed = Aws.execute_change_set

    def lose_first(self: Aws, region: str, change_set: Any, token: str) -> None:
        monkeypatch.setattr(Aws, "execute_change_set", executed)
        self.delete_change_set(region, change_set.id)
        executed(self, region, change_set, token)

    monkeypatch.setattr(Aws, "execute_change_set", lose_first)
    assert run("deploy", "--yes").exit == 0


def test_destroying_says_what_is_lost_and_leaves_nothing(run: Run, deployed: None, facade: Aws) -> None:
    ran = run("destroy", "--yes")
    assert ran.exit == 0
    assert "! Store (AWS::DynamoDB::Table) is LOST" in ran.out
    order = [line.split()[1] for line in ran.out.splitlines() if line.endswith("  removed")]
    assert order.index("app") < order.index("data") < order.index("base")
    assert facade.stack(REGION, "shop-dev-base") is None


def test_destroying_a_protected_stage_is_refused(run: Run, shop: Shop) -> None:
    shop.protected = True
    shop.write()
    run("deploy", "--yes")
    assert run("destroy", "--yes").exit == 4
    assert run("destroy", "--yes", "--unprotect").exit == 0


def test_a_deletion_that_is_blocked_can_be_finished(run: Run, deployed: None, aws: Emulator) -> None:
    aws.set_faults(failures=[{"logical_id": "Store", "operation": "delete", "reason": "bucket is not empty"}])
    ran = run("destroy", "--yes")
    assert (ran.exit, "--keep ID" in ran.out) == (3, True)
    assert run("destroy", "--yes", "--keep", "Store").exit == 0


def test_protection_that_is_missing_is_set(run: Run, deployed: None, shop: Shop, facade: Aws) -> None:
    shop.protected = True
    shop.write()
    assert "unchanged; protected against deletion" in run("deploy", "--yes").out
    assert state(facade, "base").protected
    assert "protected" not in run("deploy", "--yes").out


def test_a_value_that_matters_to_nothing_is_said_to(run: Run, deployed: None, shop: Shop) -> None:
    assert "Size matters to nothing there yet" in run("deploy", "--yes", "--parameter", "Size=2").out


def test_an_error_is_json_too(run: Run, shop: Shop) -> None:
    shop.account = "999999999999"
    shop.write()
    document = json.loads(run("deploy", "--yes", "--json").out)
    assert document["exit"] == 2
    assert document["advice"]
