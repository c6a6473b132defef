"""Refreshes the price table from the AWS Price List API; needs credentials that may call `pricing:GetProducts`.

    python tools/refresh_prices.py us-east-1 eu-central-1

What the API answers is written down as found there today. A price it does not answer for, or answers for in two ways,
stays as it is and is named. `BY_HAND` are those that nobody can ask it for.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "notejam_cfn" / "reports" / "cost" / "prices.json"
# The API itself is in few regions, and answers for all.
ENDPOINT_REGION = "us-east-1"
SOURCE = "api"
SOURCE_TEXT = "the AWS Price List API, asked by tools/refresh_prices.py"
# `EUC1-`, `EU-` for eu-west-1, `eu-central-1-` for keys; us-east-1 has none for some. `TS-` and others are not regions.
PREFIX = r"(?:EU|[A-Z]{{3}}\d|{region})-"


@dataclasses.dataclass(frozen=True)
class Query:
    """What to ask for: a service, a usage type without the region's prefix, and the family where others share it.

    `field` holds the region; `per` is how many of AWS's units one of ours is.
    """

    service: str
    usage: str
    family: str = ""
    field: str = "regionCode"
    per: float = 1

    def filters(self, region: str) -> list[dict[str, str]]:
        """Return the filters of the request. The usage type only narrows: what contains it may be something else."""
        wanted = [("TERM_MATCH", self.field, region), ("CONTAINS", "usagetype", self.usage)]
        wanted += [("TERM_MATCH", "productFamily", self.family)] if self.family else []
        return [{"Type": kind, "Field": field, "Value": value} for kind, field, value in wanted]

    def fits(self, usage: str, region: str) -> bool:
        """Tell whether a usage type is this one, with or without the prefix of the region."""
        return re.fullmatch(f"(?:{PREFIX.format(region=region)})?{re.escape(self.usage)}", usage) is not None


APPLICATION = "Load Balancer-Application"
QUERIES = {
    "load_balancer_hour": Query("AWSELB", "LoadBalancerUsage", APPLICATION),
    "load_balancer_capacity_hour": Query("AWSELB", "LCUUsage", APPLICATION),
    "ipv4_hour": Query("AmazonVPC", "PublicIPv4:InUseAddress"),
    "sent_gb": Query("AWSDataTransfer", "DataTransfer-Out-Bytes", field="fromRegionCode"),
    "nat_hour": Query("AmazonEC2", "NatGateway-Hours", "NAT Gateway"),
    "nat_gb": Query("AmazonEC2", "NatGateway-Bytes", "NAT Gateway"),
    "endpoint_hour": Query("AmazonVPC", "VpcEndpoint-Hours"),
    "endpoint_gb": Query("AmazonVPC", "VpcEndpoint-Bytes"),
    "fargate_arm_vcpu_hour": Query("AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU"),
    "fargate_arm_gb_hour": Query("AmazonECS", "Fargate-ARM-GB-Hours"),
    "fargate_x86_vcpu_hour": Query("AmazonECS", "Fargate-vCPU-Hours:perCPU"),
    "fargate_x86_gb_hour": Query("AmazonECS", "Fargate-GB-Hours"),
    "aurora_unit_hour": Query("AmazonRDS", "Aurora:ServerlessV2Usage"),
    "aurora_gb_month": Query("AmazonRDS", "Aurora:StorageUsage"),
    "aurora_io_million": Query("AmazonRDS", "Aurora:StorageIOUsage", per=1e6),
    "aurora_backup_gb_month": Query("AmazonRDS", "Aurora:BackupUsage"),
    "aurora_export_gb": Query("AmazonRDS", "Aurora:SnapshotExportToS3"),
    "key_month": Query("awskms", "KMS-Keys"),
    "secret_month": Query("AWSSecretsManager", "AWSSecretsManager-Secrets"),
    "alarm_month": Query("AmazonCloudWatch", "CW:AlarmMonitorUsage"),
    "composite_alarm_month": Query("AmazonCloudWatch", "CW:CompositeAlarmMonitorUsage"),
    "metric_month": Query("AmazonCloudWatch", "CW:MetricMonitorUsage"),
    "logs_gb": Query("AmazonCloudWatch", "DataProcessing-Bytes"),
    "logs_kept_gb_month": Query("AmazonCloudWatch", "TimedStorage-ByteHrs"),
    "s3_gb_month": Query("AmazonS3", "TimedStorage-ByteHrs"),
    "archive_gb_month": Query("AmazonS3GlacierDeepArchive", "TimedStorage-GDA-ByteHrs"),
    "firewall_month": Query("awswaf", "WebACLV2"),
    "firewall_rule_month": Query("awswaf", "RuleV2"),
    "firewall_million": Query("awswaf", "RequestV2-Tier1", per=1e6),
    "image_gb_month": Query("AmazonECR", "TimedStorage-ByteHrs"),
    "pipeline_minute": Query("AWSCodePipeline", "actionExecutionMinute"),
    "build_small_minute": Query("CodeBuild", "Build-Min:ARM:g1.small"),
    "build_medium_minute": Query("CodeBuild", "Build-Min:ARM:g1.medium"),
}
BY_HAND = {
    "cloudfront_gb": "goes by where people are, not by region: aws.amazon.com/cloudfront/pricing, first 10 TB",
    "cloudfront_million": "the same page: HTTPS requests, per 10,000 there",
    "fargate_spot_share": "Spot is not in the API: aws.amazon.com/fargate/pricing, over the price on demand",
    "between_regions_gb": "depends on where to: aws.amazon.com/ec2/pricing/on-demand, to most other regions",
    "dashboard_month": "belongs to no region: aws.amazon.com/cloudwatch/pricing",
    "insights_metric_month": "its usage type is not known here: aws.amazon.com/cloudwatch/pricing",
}


def main(arguments: Sequence[str] | None = None, client: Any = None) -> int:
    """Refresh the table for the regions named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regions", metavar="REGION", nargs="+", help="a region such as us-east-1")
    regions = parser.parse_args(arguments).regions
    table = json.loads(FILE.read_text(encoding="utf-8"))
    month = datetime.date.today().strftime("%Y-%m")
    for region in regions:
        answers = dict(ask(client or _client(), region))
        table = refreshed(table, region, taken(answers), month)
        print("\n".join(report(region, answers)))
    FILE.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    return 0


def _client() -> Any:
    import boto3

    return boto3.client("pricing", region_name=ENDPOINT_REGION)


def ask(client: Any, region: str) -> Iterator[tuple[str, set[float]]]:
    """Yield each price's name with the dollars that the API answers: one when all is well, none, or several."""
    for name, query in QUERIES.items():
        found = (first_paid_tier(product) for product in products(client, query, region))
        yield name, {round(usd * query.per, 10) for usd in found if usd is not None}


def products(client: Any, query: Query, region: str) -> Iterator[Mapping[str, Any]]:
    """Yield the products in a region that a query means."""
    pages = client.get_paginator("get_products").paginate(ServiceCode=query.service, Filters=query.filters(region))
    for product in (json.loads(text) for page in pages for text in page["PriceList"]):
        if query.fits(product["product"]["attributes"].get("usagetype", ""), region):
            yield product


def first_paid_tier(product: Mapping[str, Any]) -> float | None:
    """Return the dollars of the first tier on demand that is not free; None when all are."""
    tiers = [
        (float(tier.get("beginRange", 0)), float(tier["pricePerUnit"]["USD"]))
        for term in product["terms"].get("OnDemand", {}).values()
        for tier in term["priceDimensions"].values()
    ]
    return next((usd for _, usd in sorted(tiers) if usd), None)


def taken(answers: Mapping[str, set[float]]) -> dict[str, float]:
    """Return the prices that there is one answer for."""
    return {name: next(iter(found)) for name, found in answers.items() if len(found) == 1}


def refreshed(table: Mapping[str, Any], region: str, found: Mapping[str, float], month: str) -> dict[str, Any]:
    """Return the table with what was found today for a region in the place of what was found before."""
    before = [{**each, "usd": _without(each["usd"], found)} for each in table["regions"].get(region, [])]
    alike = {name: usd for each in table["everywhere"] for name, usd in each["usd"].items()}
    own = {name: usd for name, usd in found.items() if alike.get(name) != usd}
    findings = [{"source": SOURCE, "date": month, "usd": own}, *before]
    regions = {**table["regions"], region: [each for each in findings if each["usd"]]}
    return {**table, "as_of": month, "sources": {**table["sources"], SOURCE: SOURCE_TEXT}, "regions": regions}


def _without(usd: Mapping[str, float], found: Mapping[str, float]) -> dict[str, float]:
    return {name: price for name, price in usd.items() if name not in found}


def report(region: str, answers: Mapping[str, set[float]]) -> Iterator[str]:
    """Yield what was found, and what to look up by hand."""
    yield f"{region}: {len(taken(answers))} of {len(answers)} prices"
    for name, found in answers.items():
        if len(found) != 1:
            yield f"  {name} stays as it is: {f'several answers, {sorted(found)}' if found else 'no answer'}"
    for name, where in BY_HAND.items():
        yield f"  {name} is looked up by hand: {where}"


if __name__ == "__main__":
    sys.exit(main())
