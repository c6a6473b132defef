"""Durations, as people type them."""

from __future__ import annotations

import datetime
import re

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> datetime.timedelta | None:
    """Return how long `30s`, `90m`, `8h` or `2d` is, with at most five digits; None for any other text."""
    found = re.fullmatch(r"(\d{1,5})([smhd])", text, re.ASCII)
    return datetime.timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
