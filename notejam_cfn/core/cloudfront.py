"""Facts about CloudFront that differ by region or are AWS's own ids, each with its source and date in the JSON beside.

The id of the managed prefix list `com.amazonaws.global.cloudfront.origin-facing` is another one in every region, and
CloudFormation has no way to look it up: no parameter in SSM holds it, and a rule takes an id only. So templates carry
this table, and a deployment asks the account (`deploy.stacks.prefix_lists`), whose answer counts.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("cloudfront.json")
# Certificates and web ACLs for CloudFront, its log deliveries and its metrics live here, in the commercial partition.
REGION = "us-east-1"
SERVE_DOMAIN = "ServeDomain"
PREFIX_LIST_PARAMETER = "CloudFrontPrefixListId"
PREFIX_LIST_NAME = "com.amazonaws.global.cloudfront.origin-facing"


@functools.cache
def facts() -> Mapping[str, Any]:
    """Return the table as it stands in the package."""
    table: Mapping[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return table


def regions_with_vpc_origins() -> tuple[str, ...]:
    """Return the regions in which CloudFront can reach an internal load balancer."""
    return tuple(facts()["vpc_origins"]["regions"])


def policy_id(name: str) -> str:
    """Return the id of a cache policy or origin request policy that AWS manages, such as `CachingDisabled`."""
    identifier: str = facts()["managed_policies"]["ids"][name]
    return identifier


def hosted_zone_id() -> str:
    """Return the Route 53 zone that every distribution's own name is in, for alias records."""
    identifier: str = facts()["hosted_zone"]["id"]
    return identifier


def prefix_list_ids() -> dict[str, str]:
    """Return the known ids of the prefix list of CloudFront's servers that face origins, by region."""
    found = {region: each for table in facts()["origin_facing_prefix_lists"] for region, each in table["ids"].items()}
    return dict(sorted(found.items()))


def unusable_zones(region: str) -> tuple[str, ...]:
    """Return the ids of the Availability Zones of a region in which a VPC origin cannot be, such as `use1-az3`."""
    return tuple(facts()["zones_without_vpc_origins"]["zones"].get(region, ()))
