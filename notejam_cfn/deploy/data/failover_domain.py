"""The domain of a stage that moves: what leads people to its old place, and the steps that lead them to the new one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.cloudfront import SERVE_DOMAIN, hosted_zone_id

RECORD, DISTRIBUTION = "AWS::Route53::RecordSet", "AWS::CloudFront::Distribution"
NO_DOMAIN = "No domain is configured: people need the new address."


def records(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the DNS records of a built service template: what has to change once the move is done."""
    return [body["Properties"] for body in template["Resources"].values() if body["Type"] == RECORD]


def behind_cloudfront(template: Mapping[str, Any]) -> bool:
    """Tell whether people reach a built service by CloudFront."""
    return any(body["Type"] == DISTRIBUTION for body in template["Resources"].values())


def at_cloudfront(template: Mapping[str, Any]) -> str:
    """Return the domain that a built service's distribution serves once its parameter says that it may, or nothing."""
    aliases = template["Resources"]["Distribution"]["Properties"]["DistributionConfig"].get("Aliases")
    return str(aliases["Fn::If"][1][0]) if aliases else ""


def steps_at_balancer(found: Sequence[Mapping[str, Any]], balancer: Mapping[str, str]) -> list[str]:
    """Return the lines that say how the domain is led to a public load balancer."""
    return [
        "The DNS change to make, when the smoke test is fine:",
        *_changes(found, balancer["DNSName"], balancer["CanonicalHostedZoneId"]),
    ]


def steps_at_cloudfront(domain: str, found: Sequence[Mapping[str, Any]], distribution: str, name: str) -> list[str]:
    """Return the lines that say how the domain is led to another distribution, which answers for its own name so far.

    CloudFront lets one distribution have a name at a time, and takes it from the old one in one call, even when that
    one's region is gone. Source: Amazon CloudFront Developer Guide, "Move an alternate domain name".
    """
    if not domain:
        return [NO_DOMAIN]
    lines = [
        f"What leads {domain} here, when the smoke test is fine, in this order:",
        f"  aws cloudfront associate-alias --target-distribution-id {distribution} --alias {domain}",
        *_changes(found, name, hosted_zone_id()),
    ]
    if not found:
        lines.append(f"  where your DNS is: {domain} as a CNAME of {name}")
    return [*lines, f"  and from then on deploy with --parameter {SERVE_DOMAIN}=true"]


def dns_change(record: Mapping[str, Any], dns_name: str, zone_id: str) -> str:
    """Return the change to make, as `aws route53 change-resource-record-sets --change-batch` takes it."""
    target = {"DNSName": dns_name, "HostedZoneId": zone_id, "EvaluateTargetHealth": False}
    changed = {"Name": record["Name"], "Type": record["Type"], "AliasTarget": target}
    return json.dumps({"Changes": [{"Action": "UPSERT", "ResourceRecordSet": changed}]})


def _changes(found: Sequence[Mapping[str, Any]], name: str, zone_id: str) -> list[str]:
    return [
        f"  aws route53 change-resource-record-sets --hosted-zone-id {one['HostedZoneId']} "
        f"--change-batch '{dns_change(one, name, zone_id)}'"
        for one in found
    ]
