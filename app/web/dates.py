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
        self._dates: dict[int, str] = {}
        self._is_utc = zone.key == "UTC"
        self._today = self.local(moment or dt.datetime.now(dt.UTC).replace(tzinfo=None)).toordinal()

    def local(self, moment: dt.datetime) -> dt.datetime:
        """Return a moment in UTC without a zone, as the tables keep it, in the reader's zone."""
        return moment if self._is_utc else moment.replace(tzinfo=dt.UTC).astimezone(self._zone)

    def words(self, moment: dt.datetime) -> str:
        """Say when that was, as seen from today."""
        return self.cell(moment)[0]

    def cell(self, moment: dt.datetime) -> tuple[str, str]:
        """Return the words for a moment, and its date and time for who points at them; quick: lists have many."""
        local = self.local(moment)
        day = local.toordinal()
        date = self._dates.get(day)
        if date is None:
            date = self._dates[day] = f"{local.day} {_MONTHS[local.month]} {local.year}"
        time = f"{local.hour:02d}:{local.minute:02d}"
        days = self._today - day
        if days < 2:
            return (_RECENT[days].format(time) if days >= 0 else date), f"{date} at {time}"
        return (f"{days} days ago" if days < 7 else date), f"{date} at {time}"

    def tag(self, moment: dt.datetime) -> str:
        """Return HTML that says when that was, and exactly when to who points at it."""
        words, exact = self.cell(moment)
        machine = f"{moment.isoformat(timespec='minutes')}Z"
        return f'<time datetime="{machine}" title="{exact} ({self._zone.key})">{words}</time>'


_RECENT = ("Today at {}", "Yesterday at {}")
_AREAS = {
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
}
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
