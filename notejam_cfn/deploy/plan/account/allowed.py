"""What an account may use, as AWS's Service Quotas say."""

from __future__ import annotations

from ...aws.client import Aws

SOURCE = "Service Quotas"


def allowed_by(aws: Aws, region: str, service: str, code: str) -> float:
    """Return a quota's value in a region."""
    given = aws.call("service-quotas", region, "get_service_quota", ServiceCode=service, QuotaCode=code)
    return float(given["Quota"]["Value"])
