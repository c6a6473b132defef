"""Which regions there are, and which resource types some of them lack.

The data is regions.json beside this module, written by tools/refresh_regions.py from the lists that cfn-lint bundles.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_suffix(".json")


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
