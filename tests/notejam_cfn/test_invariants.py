"""What holds for every resource of every template of the starter configuration, and for other regions' templates."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from notejam_cfn.core import cloudfront, render
from notejam_cfn.stacks import stacks_of_stage

STATEFUL = {
    "AWS::Backup::BackupVault",
    "AWS::CodeCommit::Repository",
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}
REGIONS = ("us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "ap-southeast-5", "eusc-de-east-1")
SIZES = ("economy", "standard", "resilient")
BYTES_WITHOUT_A_BUCKET = 51_200


def resources(templates: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, template in templates.items():
        for name, resource in template["Resources"].items():
            yield path, name, resource


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a value with the key it stands under."""
    if isinstance(value, dict):
        for inner, item in value.items():
            yield inner, inner
            yield from strings(item, inner)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, key)
    elif isinstance(value, str):
        yield key, value


def test_every_resource_says_why_it_is_there(starter_templates: Any) -> None:
    for path, name, resource in resources(starter_templates):
        why = resource["Metadata"]["com.aws.cloudformation.Context"]["why"]
        assert why[0].isupper() and why.endswith("."), (path, name)


def test_every_taggable_resource_is_tagged(starter_stacks: Any) -> None:
    for stack in starter_stacks:
        for name, resource in stack.template.resources.items():
            if "Tags" in resource.props:
                tags = resource.to_dict()["Properties"]["Tags"]
                keys = set(tags) if isinstance(tags, dict) else {tag["Key"] for tag in tags}
                expected = {"project", "component"} | ({"stage"} if stack.stage else set())
                assert expected <= keys, (stack.path, name)


def test_every_stateful_resource_has_both_policies(starter_templates: Any) -> None:
    for path, name, resource in resources(starter_templates):
        if resource["Type"] in STATEFUL:
            assert {"DeletionPolicy", "UpdateReplacePolicy"} <= set(resource), (path, name)


def test_every_log_group_has_retention_and_a_key(starter_templates: Any) -> None:
    for path, name, resource in resources(starter_templates):
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert resource["Properties"]["RetentionInDays"] > 0, (path, name)
            assert resource["Properties"]["KmsKeyId"], (path, name)


def test_nothing_is_open_to_the_world_but_the_load_balancers_ports(starter_templates: Any) -> None:
    for path, name, resource in resources(starter_templates):
        if resource["Type"] not in ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress"):
            continue
        properties = resource["Properties"]
        alone = [properties] if resource["Type"].endswith("Ingress") else []
        for rule in [*properties.get("SecurityGroupIngress", []), *alone]:
            if rule.get("CidrIp") == "0.0.0.0/0" or rule.get("CidrIpv6") == "::/0":
                assert name == "LoadBalancerSecurityGroup", (path, name)
                assert rule["FromPort"] == rule["ToPort"] and rule["ToPort"] in (80, 443), (path, name)


PUBLIC_ADDRESSES = {"AWS::EC2::EIP", "AWS::EC2::Instance", "AWS::GlobalAccelerator::Accelerator"}


@pytest.mark.parametrize(("region", "size"), list(itertools.product(("us-east-1", "eu-central-1"), SIZES)))
def test_behind_cloudfront_nothing_has_a_public_address_but_nat_gateways(compose: Any, region: str, size: str) -> None:
    for layer, template in compose(size, region=region).items():
        for name, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            if resource["Type"] in PUBLIC_ADDRESSES:
                assert name.startswith("NatAddress"), (layer, name)
            assert properties.get("Scheme") != "internet-facing", (layer, name)
            assert not properties.get("MapPublicIpOnLaunch"), (layer, name)
            network = properties.get("NetworkConfiguration", {}).get("AwsvpcConfiguration", {})
            assert network.get("AssignPublicIp", "DISABLED") == "DISABLED", (layer, name)


def test_every_committed_stage_is_served_over_https_only(starter_templates: Any) -> None:
    for stage in ("dev", "test", "prod"):
        for form in ("service", "console"):
            distributions = [
                body["Properties"]["DistributionConfig"]
                for body in starter_templates[f"{stage}/{form}"]["Resources"].values()
                if body["Type"] == "AWS::CloudFront::Distribution"
            ]
            assert len(distributions) == 1, (stage, form)
            behaviors = [distributions[0]["DefaultCacheBehavior"], *distributions[0]["CacheBehaviors"]]
            assert {each["ViewerProtocolPolicy"] for each in behaviors} == {"redirect-to-https"}


def test_layered_templates_need_no_bucket(starter_stacks: Any) -> None:
    for stack in starter_stacks:
        if stack.form == "layered":
            size = len(render.compact_json(stack.template.to_dict()).encode())
            assert size <= BYTES_WITHOUT_A_BUCKET, (stack.path, size)


def without_facts_of_cloudfront(value: Any) -> Any:
    """Leave out the table of prefix lists by region, and the one region that CloudFront takes things from."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key != "Mappings"}
        return {key: without_facts_of_cloudfront(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [without_facts_of_cloudfront(item) for item in value]
    return value.replace(cloudfront.REGION, "") if isinstance(value, str) else value


@pytest.mark.parametrize(("region", "size"), list(itertools.product(REGIONS, SIZES)))
def test_no_template_is_tied_to_a_region_a_partition_an_account_or_a_zone(compose: Any, region: str, size: str) -> None:
    for layer, template in compose(size, region=region).items():
        for key, text in strings(without_facts_of_cloudfront(template)):
            assert "arn:aws" not in text, (layer, text)
            assert "amazonaws.com" not in text or key == "Service", (layer, text)
            assert not re.search(r"\b[a-z]{2}(-[a-z]+)+-\d[a-z]?\b", text.replace("${AWS::Region}", "")), (layer, text)
            assert not re.search(r"(?<![\w/])\d{12}(?!\w)", text), (layer, text)


@pytest.mark.parametrize("size", SIZES)
def test_the_region_changes_nothing_in_a_template(compose: Any, size: str) -> None:
    def bodies(region: str) -> str:
        return json.dumps(compose(size, region=region))

    assert bodies("eu-central-1") == bodies("ap-south-1") == bodies("us-east-1")
    assert bodies("cn-north-1") == bodies("cn-northwest-1")


SUPPRESSIONS = ("Suppressions", "guard")  # cfn-guard does not know `Fn::GetStackOutput`, which only one form has


def without_references(value: Any, known: set[str]) -> Any:
    """Replace what refers to another resource or stack, so that both forms of a resource read the same."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Fn::GetStackOutput":
                return "a reference"
            if (function == "Ref" and argument in known) or (function == "Fn::GetAtt" and argument[0] in known):
                return "a reference"
            if function == "Fn::If" and argument[0] in ("HasSnapshotIdentifier", "HasImageUri", "HasWebAclArn"):
                return "a reference"
        return {key: without_references(item, known) for key, item in value.items() if key not in SUPPRESSIONS}
    return [without_references(item, known) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("size", SIZES)
def test_a_resource_reads_the_same_in_both_forms(compose: Any, size: str) -> None:
    templates = compose(size)
    templates.pop("edge", None)  # of us-east-1: the console's form takes what is in it as parameters
    console = templates.pop("console")["Resources"]
    layered = {name: body for template in templates.values() for name, body in template["Resources"].items()}
    assert set(layered) == set(console)
    for body in [*layered.values(), *console.values()]:
        body.pop("DependsOn", None)  # in another stack, what comes before is there already
    for name, body in layered.items():
        assert without_references(body, set(console)) == without_references(console[name], set(console)), name


def test_parameters_are_grouped_labelled_described_and_bounded(starter_templates: Any) -> None:
    for path, template in starter_templates.items():
        interface = template["Metadata"].get("AWS::CloudFormation::Interface", {})
        grouped = {name for group in interface.get("ParameterGroups", []) for name in group["Parameters"]}
        for name, parameter in template.get("Parameters", {}).items():
            assert name in grouped and name in interface["ParameterLabels"], (path, name)
            assert parameter["Description"], (path, name)
            bounds = {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter)
            assert bounds or parameter["Type"] not in ("String", "Number"), (path, name)


def test_the_same_configuration_gives_the_same_bytes(make_stage: Any) -> None:
    def text() -> str:
        return json.dumps([stack.template.to_dict() for stack in stacks_of_stage(make_stage("resilient"))])

    assert text() == text()


def test_a_person_finds_the_url_among_the_outputs(starter_templates: Any) -> None:
    for path in ("dev/console", "dev/service", "prod/console"):
        assert starter_templates[path]["Outputs"]["Url"]["Value"]
