"""What several settings share: periods and patterns."""

from __future__ import annotations

from typing import Any

from ..fields import choice, text

# The periods CloudWatch Logs accepts: LogGroup.RetentionInDays in the resource schema.
LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3653)


REGION_PATTERN = r"[a-z]{2,4}(-[a-z]+)+-\d"


# Letters of ASCII only, as Amazon SES takes them, and at most as long as RFC 5321 allows.
ADDRESS_PATTERN = r"(?=.{6,254}$)[!-?A-~]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,63}"


def log_retention(default: int) -> Any:
    return choice(default, LOG_RETENTION_DAYS, "days a log is kept")


def named(default: str) -> Any:
    """Declare what the logical IDs of a part begin with, of which a template may have several."""
    return text(default, r"[A-Z][A-Za-z0-9]{0,30}", "letters and digits, capital first", "prefix of its logical IDs")
