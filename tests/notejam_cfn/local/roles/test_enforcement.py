"""The emulated CloudFormation works in the role it is given, with that role's permissions and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notejam_cfn.local.emulator import Emulator, EmulatorError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "cloudformation.amazonaws.com"}}
    ],
}
GROUP = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}}
ALIAS = {
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"Tags": [{"Key": "stage", "Value": "dev"}]}},
    "Name": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/dev", "TargetKeyId": {"Ref": "Key"}}},
}


def make_role(aws: Emulator, *statements: dict[str, Any]) -> str:
    iam = aws.client("iam")
    arn: str = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    allowed = [{"Effect": "Allow", **one} for one in statements]
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName="worker", PolicyName="needs", PolicyDocument=document)
    return arn


def deploy(aws: Emulator, role: str, resources: dict[str, Any], name: str = "in-role") -> None:
    aws.deploy(name, {"Resources": resources}, role=role)


ON_GROUPS = {"Action": "logs:*", "Resource": "arn:aws:logs:*:*:log-group:in-role-*"}
WIDE = {"Action": ["logs:Describe*", "logs:*IndexPolicy", "logs:CreateLogDelivery", "logs:Put*Policy"], "Resource": "*"}


def test_a_role_with_every_permission_makes_the_stack(aws: Emulator) -> None:
    deploy(aws, make_role(aws, ON_GROUPS, WIDE), {"Group": GROUP})
    assert {entry["allowed"] for entry in aws.asked()} == {True}


@pytest.mark.parametrize("action", ["logs:CreateLogGroup", "logs:PutRetentionPolicy"])
def test_a_missing_permission_fails_the_resource_and_says_which(aws: Emulator, action: str) -> None:
    denied = {"Effect": "Deny", "Action": action, "Resource": "*"}
    role = make_role(aws, ON_GROUPS, WIDE, denied)
    with pytest.raises(EmulatorError, match=f"worker may not create Group .* it lacks {action}"):
        deploy(aws, role, {"Group": GROUP})
    assert aws.client("logs").describe_log_groups()["logGroups"] == []


def test_permissions_are_asked_for_on_the_resources_own_arn(aws: Emulator) -> None:
    role = make_role(aws, {"Action": "logs:*", "Resource": "arn:aws:logs:*:*:log-group:another-*"}, WIDE)
    with pytest.raises(EmulatorError, match=r"logs:CreateLogGroup on arn:aws:logs:.*log-group:in-role-Group-"):
        deploy(aws, role, {"Group": GROUP})


def test_the_role_stays_with_the_stack_and_deletes_it(aws: Emulator) -> None:
    """An alias has no tags, so a condition on them never lets anybody delete one."""
    tagged = {"Condition": {"StringEquals": {"aws:ResourceTag/stage": "dev"}}}
    making = {"NotAction": ["kms:DeleteAlias"], "Resource": "*"}
    role = make_role(aws, making, {"Action": "kms:DeleteAlias", "Resource": "*", **tagged})
    deploy(aws, role, ALIAS)
    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName="in-role")
    with pytest.raises(Exception, match="DELETE_FAILED"):
        cloudformation.get_waiter("stack_delete_complete").wait(StackName="in-role", WaiterConfig={"Delay": 1})
    refused = {(entry["action"], entry["resource"].split(":")[5]) for entry in aws.asked() if not entry["allowed"]}
    assert refused == {("kms:DeleteAlias", "alias/dev")}


def test_a_role_that_is_not_there_cannot_be_taken_on(aws: Emulator) -> None:
    with pytest.raises(EmulatorError, match="cannot be assumed"):
        deploy(aws, "arn:aws:iam::123456789012:role/nobody", {"Group": GROUP})


def test_passing_a_role_is_decided_by_the_service_that_it_trusts(aws: Emulator) -> None:
    trust = json.loads(json.dumps(TRUST).replace("cloudformation", "vpc-flow-logs"))
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Log": {
            "Type": "AWS::EC2::FlowLog",
            "Properties": {
                "ResourceId": {"Ref": "Vpc"},
                "ResourceType": "VPC",
                "TrafficType": "ALL",
                "LogGroupName": "flows",
                "DeliverLogsPermissionArn": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
    }
    to = {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    role = make_role(
        aws, {"NotAction": ["iam:PassRole"], "Resource": "*"}, {"Action": "iam:PassRole", "Resource": "*", **to}
    )
    with pytest.raises(EmulatorError, match=r"iam:PassRole on .*vpc-flow-logs.amazonaws.com"):
        deploy(aws, role, resources)


def test_a_stack_without_a_role_is_its_callers(aws: Emulator) -> None:
    aws.deploy("mine", {"Resources": {"Group": GROUP}})
    assert aws.asked() == []
