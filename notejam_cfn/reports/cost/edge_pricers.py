"""What is charged at the edge: CloudFront, and the firewall wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core.evaluated import EvaluatedTemplate
from .pricers import KB_SENT_PER_REQUEST, PriceComponent, Pricer, Properties, Stage, logs

# Free for each account, every month and without end. Source: Amazon CloudFront pricing, "Always Free Tier". A stage's
# bill takes all of it off; stages that share an account share it.
FREE_MILLIONS, FREE_GB = 10.0, 1024.0
# The firewall records each request, headers and all; of what it writes 500 MB for a million requests cost nothing.
# Source: AWS WAF pricing.
KB_FIREWALL_LOG_PER_REQUEST, KB_FIREWALL_LOG_INCLUDED = 1.5, 0.5
# A line of CloudFront's standard log, with the fields that it has by default.
KB_EDGE_LOG_PER_REQUEST = 0.8


def _distribution(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge requests and traffic; what CloudFront fetches from a load balancer costs nothing.

    The price is that of where people are, taken to be where the stage is.
    """
    sent = stage.load.gigabytes(KB_SENT_PER_REQUEST)
    yield PriceComponent("CloudFront", max(0.0, stage.load.millions - FREE_MILLIONS), "cloudfront_million")
    yield PriceComponent("CloudFront", max(0.0, sent - FREE_GB), "cloudfront_gb")


def _edge_log(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    yield from logs(stage.load.gigabytes(KB_EDGE_LOG_PER_REQUEST), template, "CloudFront's log")


def _firewall(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    yield PriceComponent("firewall", 1, "firewall_month")
    yield PriceComponent("firewall", len(properties.get("Rules", [])), "firewall_rule_month")
    yield PriceComponent("firewall", stage.load.millions, "firewall_million")


def _firewall_log(properties: Properties, template: EvaluatedTemplate, stage: Stage) -> Iterator[PriceComponent]:
    """Charge a log line for each request, unless a filter keeps the log to what the firewall stopped."""
    if "LoggingFilter" not in properties:
        gigabytes = stage.load.gigabytes(KB_FIREWALL_LOG_PER_REQUEST - KB_FIREWALL_LOG_INCLUDED)
        yield from logs(gigabytes, template, "firewall's log")


EDGE_PRICERS: Mapping[str, Pricer] = {
    "AWS::CloudFront::Distribution": _distribution,
    "AWS::Logs::Delivery": _edge_log,
    "AWS::WAFv2::LoggingConfiguration": _firewall_log,
    "AWS::WAFv2::WebACL": _firewall,
}
