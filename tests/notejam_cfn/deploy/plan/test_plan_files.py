"""A plan is written, approved, and carried out only while it would still be the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from notejam_cfn.deploy.aws.client import Aws
from notejam_cfn.local.emulator import REGION, Emulator
from tests.conftest import Run

from ..conftest import Shop


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def content(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def status(facade: Aws, layer: str) -> str:
    state = facade.stack(REGION, f"shop-dev-{layer}")
    return state.status if state else "absent"


def shorter_logs(shop: Shop) -> None:
    shop.properties("base", "Logs")["RetentionInDays"] = 1
    shop.write()


def longer_logs(shop: Shop) -> None:
    shop.properties("base", "Logs")["RetentionInDays"] = 30
    shop.write()


def test_a_plan_is_written_and_changes_nothing(run: Run, file: Path, facade: Aws) -> None:
    assert run("deploy", "--plan", str(file)).exit == 0
    assert status(facade, "base") == "absent"
    found = content(file)
    assert (found["stage"], found["empty"]) == ("dev", False)
    assert {"base.Address", "app.Door"} <= {change["id"] for change in found["changes"]}
    assert any("EC2::EIP: Address" in line for line in found["summary"])


def test_an_approved_plan_is_carried_out_without_asking(run: Run, file: Path, facade: Aws) -> None:
    run("deploy", "--plan", str(file), "--image", "registry/one")
    assert run("deploy", "--execute", str(file)).exit == 0
    state = facade.stack(REGION, "shop-dev-app")
    assert state
    assert state.parameters["ImageUri"] == "registry/one"


def test_an_empty_plan_can_be_told_apart_and_does_nothing(run: Run, deployed: None, file: Path) -> None:
    assert run("deploy", "--plan", str(file), "--tell-unchanged").exit == 10
    assert content(file)["empty"] is True
    assert run("deploy", "--execute", str(file)).exit == 0


def test_a_plan_is_refused_once_things_are_no_longer_as_they_were(
    run: Run, deployed: None, file: Path, shop: Shop, facade: Aws
) -> None:
    longer_logs(shop)
    run("deploy", "--plan", str(file))
    assert run("deploy", "--yes").exit == 0
    ran = run("deploy", "--execute", str(file))
    assert (ran.exit, "Plan again" in ran.err) == (4, True)
    assert "no longer: change base.Logs: nothing" in ran.err


def test_a_parameter_that_a_person_sets_between_plan_and_execution_stays(
    run: Run, deployed: None, file: Path, shop: Shop, facade: Aws
) -> None:
    longer_logs(shop)
    run("deploy", "--plan", str(file))
    run("deploy", "--yes", "--only", "app", "--parameter", "ImageUri=registry/two")
    assert run("deploy", "--execute", str(file)).exit == 0
    state = facade.stack(REGION, "shop-dev-app")
    assert state
    assert state.parameters["ImageUri"] == "registry/two"


def test_what_is_refused_is_in_the_file_and_not_carried_out(
    run: Run, deployed: None, file: Path, shop: Shop, facade: Aws
) -> None:
    shorter_logs(shop)
    assert run("deploy", "--plan", str(file)).exit == 4
    [change] = content(file)["changes"]
    assert (change["verdict"], change["refused"], change["allowed"]) == ("data lost", True, False)
    assert run("deploy", "--execute", str(file)).exit == 4
    assert run("deploy", "--plan", str(file), "--allow", "base.Logs").exit == 0
    assert run("deploy", "--execute", str(file)).exit == 0
    assert status(facade, "base") == "UPDATE_COMPLETE"


@pytest.mark.parametrize("more", [["--image", "x"], ["--allow", "base.Logs"], ["--only", "base"], ["--plan", "other"]])
def test_an_approved_plan_takes_nothing_besides(run: Run, file: Path, more: list[str]) -> None:
    run("deploy", "--plan", str(file))
    ran = run("deploy", "--execute", str(file), *more)
    assert (ran.exit, f"--execute takes no {more[0]}" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not a plan"),
        ('{"format": 2}', "of format 2"),
        ('{"format": 1, "stage": "prod"}', "for prod, not for dev"),
    ],
)
def test_a_file_that_is_no_plan_is_explained(run: Run, file: Path, text: str, said: str) -> None:
    file.write_text(text, encoding="utf-8")
    ran = run("deploy", "--execute", str(file))
    assert (ran.exit, said in ran.err) == (2, True)


def test_a_new_output_of_a_lower_layer_reaches_the_upper_one_in_the_same_run(
    run: Run, deployed: None, shop: Shop, facade: Aws
) -> None:
    shop.documents["base"]["Outputs"]["LogName"] = {"Value": {"Ref": "Logs"}}
    read = {"Fn::GetStackOutput": {"StackName": "shop-dev-base", "OutputName": "LogName"}}
    shop.documents["app"]["Outputs"]["Log"] = {"Value": read}
    shop.properties("app", "Door")["Tags"] = [{"Key": "log", "Value": read}]
    shop.write()
    assert run("deploy", "--yes").exit == 0
    base, app = (facade.stack(REGION, f"shop-dev-{layer}") for layer in ("base", "app"))
    assert base and app
    assert app.outputs["Log"] == base.outputs["LogName"]


def test_what_reads_a_changing_output_is_shown_as_changing(run: Run, deployed: None, shop: Shop, aws: Emulator) -> None:
    shop.properties("base", "Address")["NetworkBorderGroup"] = "eu-central-1"
    shop.write()
    ran = run("deploy", "--dry-run", "--allow", "base.Address")
    assert "Door (EC2::NatGateway): replaced (AllocationId), because of shop-dev-base.Allocation" in ran.out


def test_protection_follows_the_setting_both_ways(run: Run, shop: Shop, facade: Aws, aws: Emulator) -> None:
    shop.protected = True
    shop.write()
    run("deploy", "--yes")
    shop.protected = False
    shop.documents["data"]["Resources"]["Other"] = {"Type": "AWS::EC2::EIP", "Properties": {}}
    del shop.documents["data"]["Resources"]["Store"]
    shop.write()
    assert run("deploy", "--yes", "--allow", "data.Store").exit == 0
    state = facade.stack(REGION, "shop-dev-data")
    assert state
    assert not state.protected
    client = aws.client("cloudformation")
    policy = json.loads(client.get_stack_policy(StackName="shop-dev-data")["StackPolicyBody"])
    assert [statement["Effect"] for statement in policy["Statement"]] == ["Allow"]
    assert "unchanged" in run("deploy", "--yes").out


def test_an_image_is_never_emptied_by_the_file(run: Run, shop: Shop, facade: Aws) -> None:
    shop.documents["app"]["Parameters"]["ImageUri"]["Default"] = "registry/one"
    shop.write()
    run("deploy", "--yes")
    shop.documents["app"]["Parameters"]["ImageUri"]["Default"] = ""
    shop.write()
    run("deploy", "--yes")
    state = facade.stack(REGION, "shop-dev-app")
    assert state
    assert state.parameters["ImageUri"] == "registry/one"


def test_a_parameter_that_a_person_set_and_the_file_contradicts_is_shown(run: Run, shop: Shop) -> None:
    run("deploy", "--yes", "--parameter", "Size=6")
    shop.documents["base"]["Parameters"]["Size"]["Default"] = "3"
    shop.write()
    assert "Size stays 6, which a person set; the file says 3" in run("deploy", "--yes").out


def test_a_stack_that_nothing_builds_any_more_is_shown(run: Run, deployed: None, shop: Shop, aws: Emulator) -> None:
    client = aws.client("cloudformation")
    template = json.dumps({"Resources": {"Old": {"Type": "AWS::EC2::EIP"}}})
    ours = [{"Key": "project", "Value": "shop"}, {"Key": "stage", "Value": "old"}]
    client.create_stack(StackName="shop-old-base", TemplateBody=template, Tags=ours)
    client.create_stack(StackName="theirs", TemplateBody=template)
    preview = [*ours, {"Key": "preview", "Value": "alice"}]
    client.create_stack(StackName="shop-dev-preview-alice", TemplateBody=template, Tags=preview)
    said = run("deploy", "--dry-run").out
    assert "left: shop-old-base (eu-central-1) is no longer built; it holds 1 resource, $" in said
    assert "theirs" not in said and "preview" not in said
    ran = run("destroy", "--left", "--yes", stage="old")
    assert (ran.exit, "shop-old-base" in ran.out) == (0, True)
    assert "left" not in run("deploy", "--dry-run").out
    assert run("destroy", "--left", "--yes", stage="old").exit == 2


def test_service_linked_roles_that_the_account_lacks_are_made(run: Run, shop: Shop, aws: Emulator) -> None:
    shop.documents["extra"]["Resources"]["Cluster"] = {"Type": "AWS::ECS::Cluster", "Properties": {}}
    shop.write()
    assert "created the service-linked role AWSServiceRoleForECS" in run("deploy", "--yes").out
    assert aws.client("iam").get_role(RoleName="AWSServiceRoleForECS")
    shop.documents["app"]["Resources"]["Cluster"] = {"Type": "AWS::ECS::Cluster", "Properties": {}}
    shop.write()
    assert "service-linked" not in run("deploy", "--yes").out


def test_a_service_linked_role_that_may_not_be_made_is_named_with_the_command(
    run: Run, shop: Shop, aws: Emulator
) -> None:
    shop.documents["extra"]["Resources"]["Cluster"] = {"Type": "AWS::ECS::Cluster", "Properties": {}}
    shop.write()
    aws.set_faults(answers=[{"action": "CreateServiceLinkedRole", "error": "AccessDenied", "status": 403}])
    assert "aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com" in run("deploy", "--yes").out
