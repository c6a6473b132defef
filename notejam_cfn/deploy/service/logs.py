"""Reads the log groups of a stage, as one stream in the order of time."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Sequence

from ...core.durations import duration
from ..aws.client import Aws, Pause
from ..exit_codes import BadInput
from ..manifest import require_name
from .stages import LOG_GROUP, Part, Stage

OVERLAP_SECONDS = 30
REMEMBERED = 5000


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of a log."""

    time: datetime.datetime
    part: str
    text: str


def part_name(part: Part) -> str:
    """Return the name people use for a log group: its logical id without the ending, `Web` of `WebLogGroup`."""
    return part.resource.logical_id.removesuffix("LogGroup").lower()


def choose(stage: Stage, wanted: Sequence[str]) -> list[Part]:
    """Return the log groups that were asked for, or all. Raises BadInput with the names for one that does not exist."""
    found = stage.parts(LOG_GROUP)
    names = [part_name(part) for part in found]
    for name in wanted:
        require_name("part", name, names)
    return [part for part in found if not wanted or part_name(part) in wanted]


def since(text: str, now: datetime.datetime) -> datetime.datetime:
    """Return the moment that `15m`, `2h` or `1d` ago was."""
    ago = duration(text)
    if ago is None:
        raise BadInput(f"--since takes a time such as 15m, 2h or 1d, got {text!r}")
    return now - ago


def read(aws: Aws, parts: Sequence[Part], start: datetime.datetime, pattern: str = "") -> Iterator[Line]:
    """Yield what was logged since a moment, in the order of time over all parts."""
    lines = [line for part in parts for _, line in _events(aws, part, start, pattern)]
    yield from sorted(lines, key=lambda line: line.time)


def follow(aws: Aws, parts: Sequence[Part], start: datetime.datetime, pattern: str = "") -> Iterator[Line]:
    """Yield what was logged since a moment, and what is logged from now on, without an end."""
    seen: dict[str, None] = {}
    pause = Pause(first=1.0, most=3.0)
    while True:
        found = [event for part in parts for event in _events(aws, part, start, pattern) if event[0] not in seen]
        for identifier, line in sorted(found, key=lambda event: event[1].time):
            seen[identifier] = None
            # CloudWatch takes lines in late and out of order: look back a little.
            start = max(start, line.time - datetime.timedelta(seconds=OVERLAP_SECONDS))
            yield line
        for identifier in list(seen)[:-REMEMBERED]:
            del seen[identifier]
        pause.take()


def _events(aws: Aws, part: Part, start: datetime.datetime, pattern: str) -> Iterator[tuple[str, Line]]:
    given = {"logGroupName": part.resource.physical_id, "startTime": int(start.timestamp() * 1000)}
    given |= {"filterPattern": pattern} if pattern else {}
    for page in aws.pages_if_there("logs", part.stack.region, "filter_log_events", **given):
        for event in page["events"]:
            moment = datetime.datetime.fromtimestamp(event["timestamp"] / 1000, datetime.UTC)
            yield event["eventId"], Line(moment, part_name(part), event["message"].rstrip())
