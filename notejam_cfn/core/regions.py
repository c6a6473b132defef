"""Which regions there are, and what some of them lack: resource types, and features of Aurora.

The types are in regions.json beside this module, written by tools/refresh_regions.py from the lists that cfn-lint has.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_suffix(".json")
# Source: Amazon Aurora User Guide, "Supported Regions and Aurora DB engines for exporting snapshot data to Amazon S3".
# Its editions differ on GovCloud; the stricter one is kept here.
REGIONS_WITHOUT_EXPORT = frozenset(
    {
        *("ap-southeast-5", "ap-southeast-6", "ap-east-2", "ap-southeast-7"),
        *("mx-central-1", "us-gov-east-1", "us-gov-west-1"),
    }
)
# Aurora copies no snapshot to or from these. Source: Amazon Aurora User Guide, "DB cluster snapshot copying".
NO_COPIES = ("cn-",)
# Regions that offer new accounts two zones only. Source: AWS, "Regions and Availability Zones".
TWO_ZONE_REGIONS = ("us-west-1",)


def known_regions() -> tuple[str, ...]:
    """Return every region that CloudFormation publishes resource types for, sorted."""
    return tuple(_data()["regions"])


def lacks(region: str, kind: str) -> bool:
    """Tell whether a region is known to have no resource type of that name, `AWS::Budgets::Budget` for example.

    Only types that templates here use are known, and only regions that AWS publishes: of others nothing is said.
    """
    return region in _data()["missing"].get(kind, ())


@functools.cache
def _data() -> Mapping[str, Any]:
    data: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return data
