"""Turns the schedules that Copilot takes into EventBridge Scheduler's."""

from __future__ import annotations

import re

from .fields import seconds

PREDEFINED = {
    "@yearly": "cron(0 0 1 1 ? *)",
    "@annually": "cron(0 0 1 1 ? *)",
    "@monthly": "cron(0 0 1 * ? *)",
    "@weekly": "cron(0 0 ? * SUN *)",
    "@daily": "cron(0 0 * * ? *)",
    "@midnight": "cron(0 0 * * ? *)",
    "@hourly": "cron(0 * * * ? *)",
}
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def schedule(text: str) -> str | None:
    """Return a schedule in the words of EventBridge Scheduler, or None for one it has no words for.

    Standard cron counts a day of the month or one of the week, EventBridge only one of them: such a schedule is none.
    Source: Amazon EventBridge Scheduler User Guide, "Schedule types".
    """
    text = text.strip()
    if text in PREDEFINED:
        return PREDEFINED[text]
    if re.fullmatch(r"(cron|rate)\(.*\)", text):
        return text
    every = re.fullmatch(r"@every (.+)", text)
    return _rate(seconds(every[1])) if every else _cron(text.split())


def _rate(duration: float | None) -> str | None:
    for unit, name in UNITS:
        if duration and duration % unit == 0:
            count = int(duration // unit)
            return f"rate({count} {name}{'s' if count > 1 else ''})"
    return None


def _cron(fields: list[str]) -> str | None:
    if len(fields) != 5:
        return None
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        return None
    if weekday != "*":
        named = re.sub(r"(?<![/\d])[0-7]", lambda found: DAYS[int(found[0])], weekday)
        return f"cron({minute} {hour} ? {month} {named.upper()} *)"
    return f"cron({minute} {hour} {day} {month} ? *)"
