"""Templates of a commit that nobody has approved, deployed in the role in which CloudFormation makes development.

Each tries one way to production. CloudFormation is refused, names what it lacks, and undoes the stack.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from .conftest import World, of_delivery
from .things import arn, delivery_policy, delivery_role, role

EXECUTE = delivery_role("in-dev-execute")
BOUNDARY = delivery_policy("in-dev-boundary")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
ANYBODY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]}
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
PROD_TOPIC = arn("sns", "notejam-prod-network-Alarms-1")


def made_role(name: str, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, "AssumeRolePolicyDocument": ANYBODY, **more}}


# An attack, the resource of the template, and what CloudFormation lacks. `VPC` and such stand for production's.
TEMPLATES: list[tuple[str, dict[str, Any], str]] = [
    ("make an administrator", made_role("notejam-dev-x", ManagedPolicyArns=[ADMINISTRATOR]), "iam:CreateRole"),
    (
        "make one in another boundary",
        made_role("notejam-dev-x", PermissionsBoundary=delivery_policy("in-prod-boundary")),
        "iam:CreateRole",
    ),
    ("make a role of production", made_role("notejam-prod-x", PermissionsBoundary=BOUNDARY), "iam:CreateRole"),
    ("make a role of the pipeline", made_role("notejam-delivery-x", PermissionsBoundary=BOUNDARY), "iam:CreateRole"),
    (
        "give the pipeline's role rights",
        {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {
                "RoleName": of_delivery("in-prod-deploy"),
                "PolicyName": "x",
                "PolicyDocument": ANYTHING,
            },
        },
        "iam:PutRolePolicy",
    ),
    (
        "write a parameter of production",
        {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "notejam-prod-x", "Type": "String", "Value": "x"}},
        "ssm:PutParameter",
    ),
    (
        "keep a log of production's name",
        {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "notejam-prod-x"}},
        "logs:CreateLogGroup",
    ),
    (
        "read production's traffic",
        {
            "Type": "AWS::EC2::FlowLog",
            "Properties": {"ResourceId": "VPC", "ResourceType": "VPC", "TrafficType": "ALL", "LogGroupName": "x"},
        },
        "ec2:CreateFlowLogs",
    ),
    (
        "make a subnet in production's network",
        {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": "VPC", "CidrBlock": "10.0.250.0/24"}},
        "ec2:CreateSubnet",
    ),
    (
        "put tasks into production's network",
        {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "Cluster": "notejam-dev-service",
                "ServiceName": "x",
                "TaskDefinition": "notejam-dev-x",
                "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["SUBNET"]}},
            },
        },
        "ecs:CreateService",
    ),
    (
        "put a load balancer into it",
        {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": ["SUBNET"]}},
        "elasticloadbalancing:CreateLoadBalancer",
    ),
    (
        "make a place for databases in it",
        {
            "Type": "AWS::RDS::DBSubnetGroup",
            "Properties": {"DBSubnetGroupDescription": "x", "SubnetIds": ["SUBNET"]},
        },
        "rds:CreateDBSubnetGroup",
    ),
    (
        "make a security group in it",
        {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": "VPC", "GroupDescription": "x"}},
        "ec2:CreateSecurityGroup",
    ),
    (
        "rename production's key",
        {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/notejam-prod-x", "TargetKeyId": "KEY"}},
        "kms:CreateAlias",
    ),
    (
        "give production's key a name of one's own",
        {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/notejam-dev-x", "TargetKeyId": "KEY"}},
        "kms:CreateAlias",
    ),
    (
        "let anybody publish production's alarms",
        {"Type": "AWS::SNS::TopicPolicy", "Properties": {"Topics": [PROD_TOPIC], "PolicyDocument": ANYTHING}},
        "sns:SetTopicAttributes",
    ),
    (
        "start something of production's on an event",
        {
            "Type": "AWS::Events::Rule",
            "Properties": {"Name": "notejam-prod-x", "EventPattern": {"source": ["aws.ecs"]}, "State": "ENABLED"},
        },
        "events:PutRule",
    ),
    (
        "run code of one's own in production's role",
        {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Code": {"ZipFile": "x"}, "Role": role("notejam-prod-service-WebTaskRole-1")},
        },
        "iam:PassRole",
    ),
    (
        "make a function of production's name",
        {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "notejam-prod-x",
                "Code": {"ZipFile": "x"},
                "Role": role("notejam-dev-previews-WakeRole-1"),
            },
        },
        "lambda:CreateFunction",
    ),
]


@pytest.mark.parametrize(("attack", "resource", "lacks"), TEMPLATES, ids=[row[0] for row in TEMPLATES])
def test_cloudformation_is_refused(world: World, attack: str, resource: dict[str, Any], lacks: str) -> None:
    prod = world.outputs["prod"]
    text = json.dumps({"Resources": {"It": resource}})
    body = text.replace('"VPC",', f'"{prod["VpcId"]}",', 1).replace('"KEY"', f'"{prod["KeyArn"].rpartition("/")[2]}"')
    body = body.replace('"SUBNET"', f'"{prod["PublicSubnetId1"]}", "{prod["PublicSubnetId2"]}"')
    cloudformation = world.aws.client("cloudformation")
    name = f"notejam-dev-{attack.replace(' ', '-').replace(chr(39), '-')}"
    cloudformation.create_stack(
        StackName=name, TemplateBody=body, RoleARN=EXECUTE, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    status = "CREATE_IN_PROGRESS"
    for _ in range(500):
        status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        time.sleep(0.02)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    said = " ".join(one.get("ResourceStatusReason", "") for one in events)
    assert status == "ROLLBACK_COMPLETE", f"{attack}: {status}, {said}"
    assert "Access denied" in said, said
    assert lacks in said, said


def test_the_same_role_makes_what_is_the_stages(world: World) -> None:
    held = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "notejam-dev-x", "Type": "String", "Value": "x"}}
    bounded = made_role("notejam-dev-mine", PermissionsBoundary=BOUNDARY)
    cloudformation = world.aws.client("cloudformation")
    cloudformation.create_stack(
        StackName="notejam-dev-mine",
        TemplateBody=json.dumps({"Resources": {"Held": held, "Role": bounded}}),
        RoleARN=EXECUTE,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="notejam-dev-mine", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
