"""The emulator stands for AWS where it matters to templates: what is refused, replaced, offered as an attribute."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import botocore.exceptions
import pytest

from notejam_cfn.local.emulator import Emulator, EmulatorError


def template(kind: str, properties: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    document: dict[str, Any] = {"Resources": {"Thing": {"Type": kind, "Properties": properties}}}
    if outputs:
        document["Outputs"] = {name: {"Value": value} for name, value in outputs.items()}
    return document


def test_a_stand_in_deploys_and_offers_its_attributes(aws: Emulator) -> None:
    gateway = template("AWS::EC2::NatGateway", {"SubnetId": "subnet-1"}, Id={"Fn::GetAtt": "Thing.NatGatewayId"})
    assert aws.deploy("egress", gateway)["Id"].startswith("nat-")


def test_what_the_service_has_set_stays_when_a_stand_in_is_updated(aws: Emulator) -> None:
    def origin(protocol: str) -> dict[str, Any]:
        endpoint = {"Name": "site", "Arn": "arn:aws:elasticloadbalancing:x", "OriginProtocolPolicy": protocol}
        properties = {"VpcOriginEndpointConfig": endpoint}
        return template("AWS::CloudFront::VpcOrigin", properties, Arn={"Fn::GetAtt": "Thing.Arn"})

    assert aws.deploy("site", origin("http-only")) == aws.deploy("site", origin("https-only"))


@pytest.mark.parametrize(
    ("kind", "properties", "complaint"),
    [
        ("AWS::EC2::FlowLog", {"ResourceType": "VPC"}, r"required key \[ResourceId\] not found"),
        ("AWS::EC2::EIP", {"Colour": "red"}, r"extraneous key \[Colour\] is not permitted"),
        ("AWS::EC2::NatGateway", {"NatGatewayId": "nat-1"}, r"read-only key \[NatGatewayId\]"),
        ("AWS::EC2::NatGateway", {"Tags": "none"}, "expected type: array"),
        ("AWS::EC2::FlowLog", {"ResourceType": "Moon", "ResourceId": "m"}, "not a valid enum value"),
        ("AWS::Logs::LogGroup", {"RetentionInDays": 8}, "not a valid enum value"),
        ("AWS::Logs::LogGroup", {"LogGroupName": "spaces are wrong"}, "does not match pattern"),
        ("AWS::EC2::SecurityGroupIngress", {"IpProtocol": "tcp"}, "exactly one of"),
    ],
)
def test_what_the_schema_refuses_is_refused(
    aws: Emulator, kind: str, properties: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(EmulatorError, match=complaint):
        aws.deploy("wrong", template(kind, properties))


def test_numbers_may_be_written_as_text(aws: Emulator) -> None:
    aws.deploy("logs", template("AWS::Logs::LogGroup", {"RetentionInDays": "30"}))


def test_an_unknown_attribute_fails_the_stack(aws: Emulator) -> None:
    with pytest.raises(EmulatorError, match="NoSuch"):
        aws.deploy("typo", template("AWS::EC2::EIP", {}, Wrong={"Fn::GetAtt": "Thing.NoSuch"}))


def test_a_build_that_knows_a_repository_says_which_image_it_pushed(aws: Emulator) -> None:
    builds = aws.client("codebuild")
    project: dict[str, Any] = {
        "name": "image",
        "source": {"type": "NO_SOURCE"},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {"type": "ARM_CONTAINER", "image": "aws", "computeType": "BUILD_GENERAL1_SMALL"},
        "serviceRole": "arn:aws:iam::123456789012:role/build",
    }
    project["environment"]["environmentVariables"] = [{"name": "REPOSITORY_URI", "value": "registry.example/notejam"}]
    builds.create_project(**project)
    number = builds.start_build(projectName="image")["build"]["id"]
    (build,) = builds.batch_get_builds(ids=[number])["builds"]
    (exported,) = build["exportedEnvironmentVariables"]
    assert exported["name"] == "IMAGE_URI"
    assert exported["value"].startswith("registry.example/notejam@sha256:")


def test_the_secret_of_a_cluster_can_be_read(aws: Emulator) -> None:
    cluster = template(
        "AWS::RDS::DBCluster",
        {"Engine": "aurora-postgresql", "ManageMasterUserPassword": True, "MasterUsername": "notejam"},
        Secret={"Fn::GetAtt": "Thing.MasterUserSecret.SecretArn"},
    )
    arn = aws.deploy("database", cluster)["Secret"]
    assert '"notejam"' in aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]


@pytest.mark.parametrize(("change", "replaced"), [({"SubnetId": "subnet-2"}, True), ({"Tags": []}, False)])
def test_a_stand_in_is_replaced_where_its_schema_says_so(aws: Emulator, change: dict[str, Any], replaced: bool) -> None:
    before = aws.deploy("egress", template("AWS::EC2::NatGateway", {"SubnetId": "subnet-1"}, Id={"Ref": "Thing"}))
    changed = template("AWS::EC2::NatGateway", {"SubnetId": "subnet-1"} | change, Id={"Ref": "Thing"})
    assert (aws.deploy("egress", changed) != before) is replaced


def test_faults_happen_and_end(aws: Emulator) -> None:
    aws.set_faults(failures=[{"logical_id": "Thing", "operation": "create", "reason": "out of addresses"}])
    with pytest.raises(EmulatorError, match="out of addresses"):
        aws.deploy("first", template("AWS::EC2::EIP", {}))
    aws.set_faults()
    aws.deploy("second", template("AWS::EC2::EIP", {}))


def test_a_request_can_be_answered_with_an_error(aws: Emulator) -> None:
    aws.set_faults(answers=[{"action": "DescribeStacks", "error": "ExpiredToken", "message": "expired"}])
    with pytest.raises(botocore.exceptions.ClientError, match="ExpiredToken"):
        aws.client("cloudformation").describe_stacks()
    aws.client("cloudformation").describe_stacks()


def test_regions_and_accounts_are_apart(aws: Emulator) -> None:
    aws.deploy("here", template("AWS::EC2::EIP", {}))
    elsewhere = aws.client("cloudformation", region="us-west-2").describe_stacks()["Stacks"]
    others = aws.client("cloudformation", account="999999999999").describe_stacks()["Stacks"]
    assert (elsewhere, others) == ([], [])


def test_the_emulator_ends_with_a_killed_parent() -> None:
    program = (
        "import time\nfrom notejam_cfn.local import emulator\n"
        "with emulator.running() as aws:\n    print(aws.url, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        url = parent.stdout.readline().strip()
        os.kill(parent.pid, signal.SIGKILL)
    gone = Emulator(url)
    for _ in range(50):
        try:
            gone.set_faults()
        except OSError:
            return
        time.sleep(0.1)
    pytest.fail("the emulator is still there")
