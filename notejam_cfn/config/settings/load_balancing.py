"""The way in: load balancer, certificate, firewall, CloudFront."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from ...core.inputs import shown
from ..fields import Settings, checked, flag, text, whole
from .common import log_retention

DOMAIN_PATTERN = r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"

CERTIFICATE_PATTERN = r"arn:[a-z-]+:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+"
# The first name of a certificate. Source: AWS Certificate Manager API Reference, "RequestCertificate", DomainName.
LONGEST_CERTIFIED = 64

# Of a certificate: ten names are free of a request to AWS. Source: AWS Certificate Manager User Guide, "Quotas".
MOST_DOMAINS = 10


def _domains_problem(value: Any) -> str | None:
    names = value.split(",") if isinstance(value, str) and value else []
    fits = isinstance(value, str) and all(re.fullmatch(rf"(\*\.)?{DOMAIN_PATTERN}", name) for name in names)
    if not fits or len(names) >= MOST_DOMAINS or len(set(names)) < len(names):
        return f"must be up to {MOST_DOMAINS - 1} names in lower case, commas and no spaces between, got {shown(value)}"
    return None


@dataclasses.dataclass(frozen=True)
class LoadBalancerSettings(Settings):
    """The way in: domain, certificate, firewall."""

    domain: str = text("", DOMAIN_PATTERN, "a domain name in lower case", "name people reach the application by")
    more_domains: str = checked(
        "", _domains_problem, "other names, such as those that services have as their host", "names, with commas"
    )
    hosted_zone_id: str = text(
        "", r"Z[A-Z0-9]{3,31}", "a Route 53 zone id such as Z0123ABC", "public zone of the domain"
    )
    certificate_arn: str = text("", CERTIFICATE_PATTERN, "a certificate's ARN", "an ACM certificate you have")
    waf: bool = flag(False, "AWS WAF with managed rules and a rate limit")
    requests_per_5_minutes: int = whole(2000, 10, 20_000_000, "requests an address may send with waf on")
    idle_timeout_seconds: int = whole(60, 1, 4000, "seconds a quiet connection stays open")
    access_log_days: int = whole(90, 1, 3653, "days access logs are kept in S3")
    deletion_protection: bool = flag(True, "refuse to delete the load balancer")
    log_retention_days: int = log_retention(365)

    def conflicts(self) -> Iterator[tuple[str, str]]:
        if self.hosted_zone_id and not self.domain:
            yield "domain", "is needed with hosted_zone_id: set it to the name people will use"
        if self.certificate_arn and not self.domain:
            yield "domain", "is needed with certificate_arn: set it to a name the certificate covers"
        if self.hosted_zone_id and not self.certificate_arn and len(self.domain) > LONGEST_CERTIFIED:
            problem = f"must have at most {LONGEST_CERTIFIED} characters for the certificate that is made for it"
            yield "domain", f"{problem}, got {len(self.domain)}"
        if self.more_domains and not self.domain:
            yield "domain", "is needed with more_domains: set it to the name people will use most"
        if self.domain in self.more_domains.split(",") and self.domain:
            yield "more_domains", f"must not name the domain again, got {self.domain}"
        if self.domain and not (self.hosted_zone_id or self.certificate_arn):
            yield "domain", "needs hosted_zone_id (a certificate is then made for it) or certificate_arn"

    @property
    def domains(self) -> list[str]:
        """The names people reach services by, the first one before the others; none without a domain."""
        return [name for name in (self.domain, *self.more_domains.split(",")) if name]

    @property
    def https(self) -> bool:
        """Whether a certificate is known, and so HTTPS served."""
        return bool(self.hosted_zone_id or self.certificate_arn)


@dataclasses.dataclass(frozen=True)
class CdnSettings(Settings):
    """CloudFront in front of the load balancer, which then has no public address."""

    enabled: bool = flag(
        True, "HTTPS over CloudFront, with a domain or without; where CloudFront has no VPC origins, it stays off"
    )
    access_log: bool = flag(False, "a line for each request in CloudWatch Logs in us-east-1, where CloudFront writes")
    log_retention_days: int = log_retention(90)
