"""The VPC and the stage's key."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from typing import Any

from ...core.inputs import shown
from ..fields import Settings, checked, choice, flag, whole
from .common import log_retention

EGRESS = ("nat", "nat-per-zone", "endpoints", "ipv6")


# Source: RFC 1918.
PRIVATE_BLOCKS = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


def _cidr_problem(value: Any) -> str | None:
    try:
        block = ipaddress.IPv4Network(value if isinstance(value, str) else "")
        written_as_one = bool(re.fullmatch(r"[0-9.]+/[0-9]{1,2}", value))
    except (ValueError, TypeError):
        written_as_one = False
    if not written_as_one:
        return f"must be an IPv4 block such as 10.0.0.0/16, got {shown(value)}"
    if not any(map(block.subnet_of, PRIVATE_BLOCKS)):
        return f"must be a private block (10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16), got {value}"
    if not 16 <= block.prefixlen <= 22:
        return f"must be between /16 and /22 (a load balancer needs 8 free addresses a subnet), got {value}"
    return None


@dataclasses.dataclass(frozen=True)
class NetworkSettings(Settings):
    """The VPC: its addresses, zones and way out."""

    cidr: str = checked("10.0.0.0/16", _cidr_problem, "IPv4 addresses of the VPC", "a private block, /16 to /22")
    zones: int = whole(3, 2, 3, "Availability Zones")
    egress: str = choice("nat", EGRESS, "the way out of the private subnets")
    log_retention_days: int = log_retention(365)


@dataclasses.dataclass(frozen=True)
class EncryptionSettings(Settings):
    """The stage's key."""

    keep_key: bool = flag(True, "keep the key when the stack is deleted; snapshots cannot be read without it")
    key_deletion_days: int = whole(30, 7, 30, "days a deleted key can still be saved")
