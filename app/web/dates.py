"""Dates as people say them: "Today at 14:05", "Yesterday at 09:30", "3 days ago", or the date."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


class Calendar:
    """Words for moments, for one page: what "today" is gets worked out once."""

    def __init__(self, zone: ZoneInfo, moment: dt.datetime | None = None) -> None:
        self._zone = zone
        self._is_utc = zone.key == "UTC"
        self._today = self.local(moment or dt.datetime.now(dt.UTC).replace(tzinfo=None)).toordinal()

    def local(self, moment: dt.datetime) -> dt.datetime:
        """Return a moment in UTC without a zone, as the tables keep it, in the deployment's zone."""
        return moment if self._is_utc else moment.replace(tzinfo=dt.UTC).astimezone(self._zone)

    def words(self, moment: dt.datetime) -> str:
        """Say when that was, as seen from today."""
        local = self.local(moment)
        days = self._today - local.toordinal()
        if days == 0:
            return f"Today at {local.hour:02d}:{local.minute:02d}"
        if days == 1:
            return f"Yesterday at {local.hour:02d}:{local.minute:02d}"
        if 1 < days < 7:
            return f"{days} days ago"
        return f"{local.day} {_MONTHS[local.month]} {local.year}"


_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
