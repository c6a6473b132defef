"""Refreshing prices: each has a query, which finds it in answers of the API's shape among what looks like it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools import refresh_prices
from tools.refresh_prices import BY_HAND, QUERIES, ask, first_paid_tier, main, refreshed, report, taken

REGION = "eu-central-1"
TABLE = json.loads(refresh_prices.FILE.read_text(encoding="utf-8"))
# Service, family, usage type as it is in Frankfurt, dollars for AWS's unit; by the name of the price it is.
ANSWERS = {
    "load_balancer_hour": ("AWSELB", "Load Balancer-Application", "EUC1-LoadBalancerUsage", "0.027"),
    "load_balancer_capacity_hour": ("AWSELB", "Load Balancer-Application", "EUC1-LCUUsage", "0.008"),
    "ipv4_hour": ("AmazonVPC", "VpcPublicIPv4Address", "EUC1-PublicIPv4:InUseAddress", "0.005"),
    "sent_gb": ("AWSDataTransfer", "Data Transfer", "EUC1-DataTransfer-Out-Bytes", "0.09"),
    "nat_hour": ("AmazonEC2", "NAT Gateway", "EUC1-NatGateway-Hours", "0.052"),
    "nat_gb": ("AmazonEC2", "NAT Gateway", "EUC1-NatGateway-Bytes", "0.052"),
    "endpoint_hour": ("AmazonVPC", "VpcEndpoint", "EUC1-VpcEndpoint-Hours", "0.012"),
    "endpoint_gb": ("AmazonVPC", "VpcEndpoint", "EUC1-VpcEndpoint-Bytes", "0.01"),
    "fargate_arm_vcpu_hour": ("AmazonECS", "Compute", "EUC1-Fargate-ARM-vCPU-Hours:perCPU", "0.03725"),
    "fargate_arm_gb_hour": ("AmazonECS", "Compute", "EUC1-Fargate-ARM-GB-Hours", "0.00409"),
    "fargate_x86_vcpu_hour": ("AmazonECS", "Compute", "EUC1-Fargate-vCPU-Hours:perCPU", "0.04656"),
    "fargate_x86_gb_hour": ("AmazonECS", "Compute", "EUC1-Fargate-GB-Hours", "0.00511"),
    "aurora_unit_hour": ("AmazonRDS", "ServerlessV2", "EUC1-Aurora:ServerlessV2Usage", "0.14"),
    "aurora_gb_month": ("AmazonRDS", "Database Storage", "EUC1-Aurora:StorageUsage", "0.119"),
    "aurora_io_million": ("AmazonRDS", "System Operation", "EUC1-Aurora:StorageIOUsage", "0.00000022"),
    "aurora_backup_gb_month": ("AmazonRDS", "Storage Snapshot", "EUC1-Aurora:BackupUsage", "0.023"),
    "aurora_export_gb": ("AmazonRDS", "System Operation", "EUC1-Aurora:SnapshotExportToS3", "0.012"),
    "key_month": ("awskms", "Encryption Key", "eu-central-1-KMS-Keys", "1"),
    "secret_month": ("AWSSecretsManager", "Secret", "EUC1-AWSSecretsManager-Secrets", "0.4"),
    "alarm_month": ("AmazonCloudWatch", "Alarm", "EUC1-CW:AlarmMonitorUsage", "0.1"),
    "composite_alarm_month": ("AmazonCloudWatch", "Alarm", "EUC1-CW:CompositeAlarmMonitorUsage", "0.5"),
    "metric_month": ("AmazonCloudWatch", "Metric", "EUC1-CW:MetricMonitorUsage", "0.3"),
    "logs_gb": ("AmazonCloudWatch", "Data Payload", "EUC1-DataProcessing-Bytes", "0.63"),
    "logs_kept_gb_month": ("AmazonCloudWatch", "Storage Snapshot", "EUC1-TimedStorage-ByteHrs", "0.0324"),
    "s3_gb_month": ("AmazonS3", "Storage", "EUC1-TimedStorage-ByteHrs", "0.0245"),
    "archive_gb_month": ("AmazonS3GlacierDeepArchive", "Storage", "EUC1-TimedStorage-GDA-ByteHrs", "0.0018"),
    "firewall_month": ("awswaf", "Web Application Firewall", "EUC1-WebACLV2", "5"),
    "firewall_rule_month": ("awswaf", "Web Application Firewall", "EUC1-RuleV2", "1"),
    "firewall_million": ("awswaf", "Web Application Firewall", "EUC1-RequestV2-Tier1", "0.0000006"),
    "image_gb_month": ("AmazonECR", "EC2 Container Registry", "EUC1-TimedStorage-ByteHrs", "0.1"),
    "pipeline_minute": ("AWSCodePipeline", "Action Execution Minutes", "EUC1-actionExecutionMinute", "0.002"),
    "build_small_minute": ("CodeBuild", "Compute", "EUC1-Build-Min:ARM:g1.small", "0.0038"),
    "build_medium_minute": ("CodeBuild", "Compute", "EUC1-Build-Min:ARM:g1.medium", "0.0077"),
}
# What contains the same words, in the same service, and is another thing at another price.
OTHERS = [
    ("AWSELB", "Load Balancer", "EUC1-LoadBalancerUsage", "0.03"),
    ("AWSELB", "Load Balancer-Application", "EUC1-TS-LoadBalancerUsage", "0.0055"),
    ("AWSELB", "Load Balancer-Application", "TS-LoadBalancerUsage", "0.0055"),
    ("AWSELB", "Load Balancer-Application", "EUC1-Outposts-LoadBalancerUsage", "0.2"),
    ("AWSELB", "Load Balancer-Network", "EUC1-LCUUsage", "0.006"),
    ("AmazonEC2", "NAT Gateway", "EUC1-NatGateway-Prvd-Bytes", "0.1"),
    ("AmazonEC2", "NAT Gateway", "EUC1-RegionalNatGateway-Hours", "0.2"),
    ("AmazonECS", "Compute", "EUC1-Fargate-Windows-vCPU-Hours:perCPU", "0.053544"),
    ("AmazonECS", "Compute", "EUC1-Fargate-EphemeralStorage-GB-Hours", "0.000133"),
    ("AmazonRDS", "ServerlessV2", "EUC1-Aurora:ServerlessV2IOOptimizedUsage", "0.19"),
    ("AmazonRDS", "Database Storage", "EUC1-Aurora:IO-OptimizedStorageUsage", "0.268"),
    ("AmazonS3", "Storage", "EUC1-TimedStorage-SIA-ByteHrs", "0.0135"),
    ("AmazonCloudWatch", "Alarm", "EUC1-CW:HighResAlarmMonitorUsage", "0.3"),
    ("CodeBuild", "Compute", "EUC1-Build-Min:Linux:g1.small", "0.005"),
]


def product(service: str, family: str, usage: str, *tiers: tuple[str, str]) -> dict[str, Any]:
    """Make an entry of a price list, in the shape in which `GetProducts` returns it as text."""
    where = "fromRegionCode" if service == "AWSDataTransfer" else "regionCode"
    dimensions = {
        f"SKU.JRTCKXETXF.{n}": {"unit": "Hrs", "beginRange": start, "appliesTo": [], "pricePerUnit": {"USD": usd}}
        for n, (start, usd) in enumerate(tiers)
    }
    reserved = {"SKU.38NPMPTW36": {"priceDimensions": {"a": {"unit": "Quantity", "pricePerUnit": {"USD": "99"}}}}}
    return {
        "product": {"productFamily": family, "attributes": {"usagetype": usage, where: REGION}, "sku": "SKU"},
        "serviceCode": service,
        "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": dimensions}}, "Reserved": reserved},
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }


class Client:
    """Answers like boto3's pricing client: filters as the API does, and turns a page after each product."""

    def __init__(self, *products: dict[str, Any]) -> None:
        self._products = products

    def get_paginator(self, operation: str) -> Client:
        assert operation == "get_products"
        return self

    def paginate(self, ServiceCode: str, Filters: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
        yield {"FormatVersion": "aws_v1", "PriceList": []}
        for each in self._products:
            if each["serviceCode"] == ServiceCode and all(passes(each, one) for one in Filters):
                yield {"FormatVersion": "aws_v1", "PriceList": [json.dumps(each)]}


def passes(entry: dict[str, Any], condition: dict[str, str]) -> bool:
    fields = entry["product"]["attributes"] | {"productFamily": entry["product"]["productFamily"]}
    value = fields.get(condition["Field"], "")
    return bool(condition["Value"] in value if condition["Type"] == "CONTAINS" else condition["Value"] == value)


@pytest.fixture(scope="module")
def answers() -> dict[str, set[float]]:
    entries = [*ANSWERS.values(), *OTHERS]
    return dict(ask(Client(*(product(*one[:3], ("0", one[3])) for one in entries)), REGION))


def test_every_price_of_the_table_is_asked_for_or_said_to_be_looked_up_by_hand() -> None:
    findings = [*TABLE["everywhere"], *(each for region in TABLE["regions"].values() for each in region)]
    assert {name for each in findings for name in each["usd"]} == set(QUERIES) | set(BY_HAND)
    assert not set(QUERIES) & set(BY_HAND)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_each_price_is_found_among_what_looks_like_it(name: str, answers: dict[str, set[float]]) -> None:
    (usd,) = answers[name]
    assert usd == pytest.approx(float(ANSWERS[name][3]) * QUERIES[name].per)


def test_the_filters_are_of_the_kinds_that_the_api_knows() -> None:
    import boto3

    client = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")
    known = client.meta.service_model.shape_for("Filter").members["Type"].enum
    assert {each["Type"] for query in QUERIES.values() for each in query.filters(REGION)} <= set(known)
    assert client.can_paginate("get_products")


@pytest.mark.parametrize(
    ("region", "usage", "fits"),
    [
        ("us-east-1", "NatGateway-Hours", True),
        ("us-east-1", "USE1-NatGateway-Hours", True),
        ("eu-west-1", "EU-NatGateway-Hours", True),
        ("ap-south-1", "APS3-NatGateway-Hours", True),
        ("us-east-1", "TS-NatGateway-Hours", False),
        ("us-east-1", "us-west-2-NatGateway-Hours", False),
    ],
)
def test_a_usage_type_may_have_the_prefix_of_a_region(region: str, usage: str, fits: bool) -> None:
    assert QUERIES["nat_hour"].fits(usage, region) is fits


def test_the_first_tier_that_costs_something_is_the_price() -> None:
    assert first_paid_tier(product("S", "F", "U", ("100", "0.085"), ("0", "0.0000000000"), ("1", "0.09"))) == 0.09
    assert first_paid_tier(product("S", "F", "U", ("0", "0.0000000000"))) is None


def test_two_answers_are_none() -> None:
    client = Client(*(product("awskms", "Encryption Key", "KMS-Keys", ("0", usd)) for usd in ("1", "2")))
    answers = dict(ask(client, REGION))
    assert (answers["key_month"], "key_month" in taken(answers)) == ({1.0, 2.0}, False)
    assert "  key_month stays as it is: several answers, [1.0, 2.0]" in report(REGION, answers)


def test_what_was_found_replaces_what_was_known_and_leaves_the_rest() -> None:
    old = {"source": "list", "date": "2026-10", "usd": {"nat_hour": 0.05, "logs_gb": 0.6}}
    alike = {"source": "list", "date": "2026-10", "usd": {"key_month": 1.0, "secret_month": 0.4}}
    table = {"as_of": "2026-10", "sources": {}, "everywhere": [alike], "regions": {REGION: [old]}}
    found = {"nat_hour": 0.052, "key_month": 1.0, "secret_month": 0.5}
    new = refreshed(table, REGION, found, "2026-12")
    fresh = {"source": "api", "date": "2026-12", "usd": {"nat_hour": 0.052, "secret_month": 0.5}}
    assert new["regions"][REGION] == [fresh, {**old, "usd": {"logs_gb": 0.6}}]
    assert (new["as_of"], set(new["sources"])) == ("2026-12", {"api"})


def test_the_file_that_is_written_is_read_by_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from notejam_cfn.reports.cost import prices

    file = tmp_path / "prices.json"
    file.write_text(json.dumps(TABLE), encoding="utf-8")
    monkeypatch.setattr(refresh_prices, "FILE", file)
    monkeypatch.setattr(prices, "FILE", file)
    client = Client(product("AmazonEC2", "NAT Gateway", "EUC1-NatGateway-Hours", ("0", "7")))
    assert main([REGION], client) == 0
    assert prices.read_prices.__wrapped__(REGION)["nat_hour"] == 7
    assert f"{REGION}: 1 of {len(QUERIES)} prices" in capsys.readouterr().out


def test_without_a_region_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "arguments are required: REGION" in capsys.readouterr().err
