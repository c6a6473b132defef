"""Refreshes the price table from the AWS Price List API; needs credentials that may call `pricing:GetProducts`.

    python tools/refresh_prices.py us-east-1 eu-central-1

Prices that the API does not answer for stay as they are and are named at the end. Fargate Spot is not in the API.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "notejam_cfn" / "cost" / "prices.json"
ENDPOINT_REGION = "us-east-1"
SOURCE = "AWS Price List API"
# The service and the usage type of each price, the region's prefix (`EUC1-`) left off.
PRODUCTS = {
    "load_balancer_hour": ("AWSELB", "LoadBalancerUsage"),
    "load_balancer_capacity_hour": ("AWSELB", "LCUUsage"),
    "ipv4_hour": ("AmazonVPC", "PublicIPv4:InUseAddress"),
    "nat_hour": ("AmazonEC2", "NatGateway-Hours"),
    "nat_gb": ("AmazonEC2", "NatGateway-Bytes"),
    "endpoint_hour": ("AmazonVPC", "VpcEndpoint-Hours"),
    "fargate_arm_vcpu_hour": ("AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU"),
    "fargate_arm_gb_hour": ("AmazonECS", "Fargate-ARM-GB-Hours"),
    "fargate_x86_vcpu_hour": ("AmazonECS", "Fargate-vCPU-Hours:perCPU"),
    "fargate_x86_gb_hour": ("AmazonECS", "Fargate-GB-Hours"),
    "aurora_unit_hour": ("AmazonRDS", "Aurora:ServerlessV2Usage"),
    "aurora_gb_month": ("AmazonRDS", "Aurora:StorageUsage"),
    "aurora_io_million": ("AmazonRDS", "Aurora:StorageIOUsage"),
    "aurora_backup_gb_month": ("AmazonRDS", "Aurora:BackupUsage"),
    "secret_month": ("AWSSecretsManager", "AWSSecretsManager-Secrets"),
    "alarm_month": ("AmazonCloudWatch", "CW:AlarmMonitorUsage"),
    "metric_month": ("AmazonCloudWatch", "CW:MetricMonitorUsage"),
    "logs_gb": ("AmazonCloudWatch", "DataProcessing-Bytes"),
    "logs_kept_gb_month": ("AmazonCloudWatch", "TimedStorage-ByteHrs"),
    "s3_gb_month": ("AmazonS3", "TimedStorage-ByteHrs"),
    "image_gb_month": ("AmazonECR", "TimedStorage-ByteHrs"),
}
PER_MILLION = {"aurora_io_million"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Refresh the table for the regions named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regions", metavar="REGION", nargs="+", help="a region such as us-east-1")
    regions = parser.parse_args(arguments).regions
    import boto3

    client = boto3.client("pricing", region_name=ENDPOINT_REGION)
    table = json.loads(FILE.read_text(encoding="utf-8"))
    for region in regions:
        found = dict(prices_of(client, region))
        table["regions"][region] = completed(table, region, found)
        print(
            f"{region}: {len(found)} prices; left as they are: {', '.join(sorted(set(PRODUCTS) - set(found))) or '-'}"
        )
    table["as_of"] = datetime.date.today().strftime("%Y-%m")
    FILE.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    return 0


def prices_of(client: Any, region: str) -> Iterator[tuple[str, float]]:
    """Yield the name and the dollars of every price that the API knows for a region."""
    for name, (service, usage) in PRODUCTS.items():
        dollars = [price for product in products(client, service, region, usage) for price in on_demand(product)]
        if dollars:
            yield name, max(dollars) * (1e6 if name in PER_MILLION else 1)


def products(client: Any, service: str, region: str, usage: str) -> Iterator[Mapping[str, Any]]:
    """Yield the products of a service in a region that are of one usage type, whatever its prefix."""
    wanted = re.compile(rf"(?:[A-Z]{{2,4}}\d?-)?{re.escape(usage)}")
    filters = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}]
    for answer in client.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters):
        for product in map(json.loads, answer["PriceList"]):
            if wanted.fullmatch(product["product"]["attributes"].get("usagetype", "")):
                yield product


def on_demand(product: Mapping[str, Any]) -> Iterator[float]:
    """Yield the prices of a product's first tier that are not for nothing."""
    for term in product["terms"].get("OnDemand", {}).values():
        for tier in term["priceDimensions"].values():
            if float(tier.get("beginRange", 0)) == 0 and float(tier["pricePerUnit"]["USD"]):
                yield float(tier["pricePerUnit"]["USD"])


def completed(table: Mapping[str, Any], region: str, found: Mapping[str, float]) -> dict[str, Any]:
    """Return a region's table: what was there, or the first region's, with what was found laid over it."""
    known = table["regions"].get(region) or next(iter(table["regions"].values()))
    date = datetime.date.today().strftime("%Y-%m")
    fresh = {name: {"usd": usd, "source": SOURCE, "date": date} for name, usd in found.items()}
    return {**known, **fresh}


if __name__ == "__main__":
    sys.exit(main())
