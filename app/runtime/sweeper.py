"""Cleaning up on the way: what is due is done by a request that has the database at hand, at most once an hour.

Nothing wakes a paused database for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_BETWEEN = 3600.0


class Sweeper:
    """Does some work once an hour, in whichever thread comes by."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self.due_at = 0.0

    def pass_by(self) -> None:
        """Do the work if it is due."""
        if time.monotonic() >= self.due_at:
            self.due_at = time.monotonic() + SECONDS_BETWEEN
            self._work()
