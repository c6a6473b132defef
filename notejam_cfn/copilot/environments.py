"""Translates an environment: its network, its certificates and what is in front of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..config.settings import NetworkSettings
from ..core.inputs import InvalidInput
from .fields import Fields, block, python

CIDR = "10.0.0.0/16"
KNOWN = {
    "network.vpc.subnets": "subnets are a part of the block for each zone and kind: leave them to add_network(…)",
    "network.vpc.security_group": "every part has a security group of its own, open to whom it must be",
    "network.vpc.flow_logs": "flow logs are always kept: log_retention_days says for how long",
    "cdn": "CloudFront goes with an edge: add_load_balancer(…, edge=…)",
    "http.public.ingress": "the load balancer is open to everyone, or behind CloudFront",
    "http.public.access_logs": "access logs are always kept, for access_log_days",
    "http.public.ssl_policy": "TLS 1.2 and newer",
    "http.private": "there is no internal load balancer: services call each other over Service Connect",
}


@dataclasses.dataclass(frozen=True)
class Environment:
    """An environment as the library has it. `network` is Python that makes or describes one."""

    network: str
    cluster: Mapping[str, Any]
    certificate: str = ""


def translate(fields: Fields) -> Environment:
    """Translate an environment's manifest."""
    fields.take("name")
    fields.take("type")
    insights = {"insights": "disabled"} if fields.take("observability.container_insights") is False else {}
    certificates = fields.take("http.public.certificates", [])
    if len(certificates) > 1:
        fields.note("http.public.certificates", "the first one is taken; one certificate covers all names")
    return Environment(_network(fields), insights, str(next(iter(certificates), "")))


def _network(fields: Fields) -> str:
    if fields.look("network.vpc.id"):
        return _existing(fields)
    cidr = fields.take("network.vpc.cidr", CIDR)
    try:
        NetworkSettings(cidr=cidr)
    except InvalidInput as error:
        fields.note("network.vpc.cidr", f"{CIDR} is taken for it: {error.problem}")
        cidr = CIDR
    return f"nj.add_network(template, nj.NetworkSettings(cidr={python(cidr)}), encryption)"


def _existing(fields: Fields) -> str:
    """Describe a network that exists; what has no isolated subnets puts databases into the private ones."""
    public, private = (_ids(fields.take(f"network.vpc.subnets.{kind}", [])) for kind in ("public", "private"))
    within = private or public
    given = {"vpc_id": fields.take("network.vpc.id"), "public_subnet_ids": public}
    given |= {"private_subnet_ids": within, "isolated_subnet_ids": within}
    if not private:
        fields.note("network.vpc.subnets", "has no private subnets: tasks are put into the public ones, and need a NAT")
    return block("nj.Network(", [f"{key}={python(value)}" for key, value in given.items()], ")")


def _ids(subnets: Any) -> tuple[str, ...]:
    return tuple(str(each["id"]) for each in subnets if isinstance(each, Mapping) and "id" in each)
