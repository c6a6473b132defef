"""Where things are in the picture of the information flow: a row for each zone, a column for each kind of subnet."""

from __future__ import annotations

import dataclasses

from .picture import Box

WIDTH, EDGE = 1136.0, 20.0
PEOPLE, FIREWALL = 76.0, 178.0
SERVICES, ABOVE = Box(300, 50, 608, 138), 108.0
VPC = Box(232, 232, 684, 0)
PUBLIC, PRIVATE, ISOLATED = Box(300, 0, 232, 0), Box(561, 0, 160, 0), Box(734, 0, 170, 0)
BALANCER, GATEWAY, FLOWS, TASKS, WAY_OUT, DATABASE = 364.0, 479.0, 497.0, 617.0, 713.0, 819.0
SUBNETS = {
    "public": (PUBLIC.x, PUBLIC.right),
    "private": (TASKS - 56, TASKS + 56),
    "isolated": (ISOLATED.x, ISOLATED.right),
}
RECOVERY, KEPT, CHAIN = Box(950, 282, 166, 0), 1033.0, 128.0
FIRST_ROW, ROW, CELL = 314.0, 118.0, 110.0


@dataclasses.dataclass(frozen=True)
class Grid:
    """Where things are from top to bottom, which the number of zones decides."""

    zones: int

    @property
    def numbers(self) -> range:
        """The zones, from 1."""
        return range(1, self.zones + 1)

    def zone(self, number: int) -> float:
        """Return the middle of a zone's row."""
        return FIRST_ROW + CELL / 2 + ROW * (number - 1)

    @property
    def height(self) -> float:
        """How high the rows are together."""
        return ROW * (self.zones - 1) + CELL

    @property
    def middle(self) -> float:
        """The middle of all rows."""
        return FIRST_ROW + self.height / 2

    @property
    def vpc(self) -> Box:
        """The network's frame."""
        return Box(VPC.x, VPC.y, VPC.width, FIRST_ROW + self.height + 10 - VPC.y)

    @property
    def logs(self) -> float:
        """The middle of the logs' icons."""
        return self.vpc.bottom + 88

    @property
    def end(self) -> float:
        """Where the picture ends: below the logs and below the longest chain of what is kept."""
        return max(self.logs + 92, self.zone(1) + 3 * CHAIN + 92) + EDGE

    def column(self, column: Box) -> Box:
        """Return a column's frame over all rows."""
        return Box(column.x, FIRST_ROW, column.width, self.height)

    def across(self, left: float, right: float) -> Box:
        """Return the frame of something that is in every zone."""
        return Box(left, FIRST_ROW + 3, right - left, self.height - 6)
