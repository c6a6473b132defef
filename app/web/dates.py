"""Dates as people say them: "Today at 14:05", "Yesterday at 09:30", "3 days ago", or the date."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of the zones that people know by a place, and UTC."""
    return ("UTC", *sorted(name for name in available_timezones() if name.partition("/")[0] in _AREAS))


class Calendar:
    """Words for moments, for one page: what "today" is gets worked out once."""

    def __init__(self, zone: ZoneInfo, moment: dt.datetime | None = None) -> None:
        self._zone = zone
        self._is_utc = zone.key == "UTC"
        self._today = self.local(moment or dt.datetime.now(dt.UTC).replace(tzinfo=None)).toordinal()

    def local(self, moment: dt.datetime) -> dt.datetime:
        """Return a moment in UTC without a zone, as the tables keep it, in the reader's zone."""
        return moment if self._is_utc else moment.replace(tzinfo=dt.UTC).astimezone(self._zone)

    def words(self, moment: dt.datetime) -> str:
        """Say when that was, as seen from today."""
        return self._words(self.local(moment))

    def exact(self, moment: dt.datetime) -> str:
        """Say the date and the time, with the zone they are in."""
        return self._exact(self.local(moment))

    def tag(self, moment: dt.datetime) -> str:
        """Return HTML that says when that was, and exactly when to who points at it."""
        local = self.local(moment)
        machine = f"{moment.isoformat(timespec='minutes')}Z"
        return f'<time datetime="{machine}" title="{self._exact(local)}">{self._words(local)}</time>'

    def _words(self, local: dt.datetime) -> str:
        days = self._today - local.toordinal()
        if days == 0:
            return f"Today at {local.hour:02d}:{local.minute:02d}"
        if days == 1:
            return f"Yesterday at {local.hour:02d}:{local.minute:02d}"
        if 1 < days < 7:
            return f"{days} days ago"
        return _date(local)

    def _exact(self, local: dt.datetime) -> str:
        return f"{_date(local)} at {local.hour:02d}:{local.minute:02d} ({self._zone.key})"


def _date(local: dt.datetime) -> str:
    return f"{local.day} {_MONTHS[local.month]} {local.year}"


_AREAS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
}
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
