"""When a personal stage is deleted: turns what a person asks for into the parameters of its expiry stack."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ..exit_codes import BadInput

FORMAT = "%Y-%m-%dT%H:%M:%S"
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
CLEARING = timedelta(hours=4)
"""How long deleting may take before the schedules themselves go."""
LONGEST = timedelta(days=30)


def parameters(asked: str | None, now: datetime) -> list[str]:
    """Return `ExpiresAt` and `GoneBy` as NAME=VALUE, or nothing when no time was asked for.

    `asked` is a number of minutes, hours or days (`90m`, `8h`, `2d`) or a time in UTC. Raises `BadInput` for anything
    else, for the past, and for more than 30 days.
    """
    if asked is None:
        return []
    expires = moment(asked, now)
    if not now < expires <= now + LONGEST:
        raise BadInput(f"--expires must be within the next {LONGEST.days} days, got {asked!r}")
    return [f"ExpiresAt={expires.strftime(FORMAT)}", f"GoneBy={(expires + CLEARING).strftime(FORMAT)}"]


def moment(asked: str, now: datetime) -> datetime:
    """Return the time that `8h` or `2030-01-31T18:00:00` means."""
    found = re.fullmatch(r"([1-9]\d{0,4})([mhd])", asked)
    if found:
        return now + timedelta(**{UNITS[found[2]]: int(found[1])})
    try:
        return datetime.strptime(asked, FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise BadInput(f"--expires takes 90m, 8h, 2d or a time such as 2030-01-31T18:00:00, got {asked!r}") from None
