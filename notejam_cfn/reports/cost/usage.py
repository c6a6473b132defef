"""How much a stage is used: three loads, the same for every build, so that bills can be compared."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

HOURS_A_MONTH = 730.0
# Business: 12 hours on 22 days. The rest of the month nobody asks.
BUSINESS_HOURS = 12 * 22.0
TYPICAL_REQUESTS_PER_SECOND: Mapping[str, float] = {"economy": 0.5, "standard": 5, "resilient": 50}
# Whose typical load is taken for what has no size of a stage: the delivery, and templates of others.
TYPICAL_SIZE = "standard"
LOADS = ("idle", "typical", "4 times")


@dataclasses.dataclass(frozen=True)
class Usage:
    """Requests per second in the busy hours of a month; outside them there are none."""

    name: str
    requests_per_second: float
    busy_hours: float = BUSINESS_HOURS
    quiet_hours: float = HOURS_A_MONTH - BUSINESS_HOURS

    @property
    def requests(self) -> float:
        """Requests in a month."""
        return self.requests_per_second * self.busy_hours * 3600

    @property
    def millions(self) -> float:
        """Requests in a month, in millions."""
        return self.requests / 1e6

    def gigabytes(self, kilobytes_per_request: float) -> float:
        """Return the GB a month of something that each request makes so many KB of."""
        return self.requests * kilobytes_per_request / 1e6


def usages_of(size: str, requests_per_second: float | None = None) -> list[Usage]:
    """Return the three loads of a stage: nobody all month, the typical load of its size, and four times that."""
    typical = TYPICAL_REQUESTS_PER_SECOND[size] if requests_per_second is None else requests_per_second
    idle = Usage("idle", 0, busy_hours=0, quiet_hours=HOURS_A_MONTH)
    return [idle, Usage("typical", typical), Usage("4 times", 4 * typical)]
