"""Draws what a backup plan keeps over the years, as SVG."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .retention import Day

Date = datetime.date
WIDTH, HEIGHT, MARGIN = 760, 300, 44
COLOURS = {"snapshot": "#2563eb", "copy": "#93c5fd", "warm export": "#16a34a", "archived export": "#6b7280"}
FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def drawing(stage: str, days: Sequence[Day]) -> str:
    """Return a picture of how many snapshots, copies and exports there are: an area for each, one upon the other."""
    most = max(sum(day.counts.values()) for day in days) or 1
    dates = [day.date for day in days]
    areas, below = [], [0] * len(days)
    for tier, colour in COLOURS.items():
        above = [base + day.counts[tier] for base, day in zip(below, days, strict=True)]
        areas.append(_area(dates, below, above, most, colour))
        below = above
    parts = [*areas, *_axis(dates, most), *_legend(stage)]
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([frame, f"<title>What {stage} keeps</title>", *parts, "</svg>"]) + "\n"


def _area(dates: Sequence[Date], below: Sequence[int], above: Sequence[int], most: int, colour: str) -> str:
    upper = [f"{_x(date, dates)},{_y(value, most)}" for date, value in zip(dates, above, strict=True)]
    lower = [f"{_x(date, dates)},{_y(value, most)}" for date, value in zip(dates, below, strict=True)][::-1]
    return f'<polygon fill="{colour}" points="{" ".join([*upper, *lower])}"/>'


def _x(date: Date, dates: Sequence[Date]) -> str:
    share = (date - dates[0]) / max(dates[-1] - dates[0], datetime.timedelta(days=1))
    return f"{MARGIN + share * (WIDTH - 2 * MARGIN):.1f}"


def _y(value: int, most: int) -> str:
    return f"{HEIGHT - MARGIN - value * (HEIGHT - 2 * MARGIN) / most:.1f}"


def _axis(dates: Sequence[Date], most: int) -> list[str]:
    bottom = HEIGHT - MARGIN + 18
    years = [Date(year, 1, 1) for year in range(dates[0].year, dates[-1].year + 1)]
    labels = [
        f'<text x="{_x(year, dates)}" y="{bottom}" {FONT}>{year.year}</text>' for year in years if year >= dates[0]
    ]
    return [*labels, f'<text x="8" y="{MARGIN}" {FONT}>{most}</text>']


def _legend(stage: str) -> list[str]:
    entries = [f'<text x="{MARGIN}" y="18" {FONT} font-weight="bold">What {stage} keeps</text>']
    for number, (tier, colour) in enumerate(COLOURS.items()):
        x = MARGIN + 160 + number * 130
        entries.append(f'<rect x="{x}" y="9" width="10" height="10" fill="{colour}"/>')
        entries.append(f'<text x="{x + 15}" y="18" {FONT}>{tier}</text>')
    return entries
