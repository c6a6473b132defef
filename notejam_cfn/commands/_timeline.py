"""Draws what a backup plan keeps over the years, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..retention import Day

WIDTH, HEIGHT, MARGIN = 760, 300, 44
COLOURS = {"snapshot": "#2563eb", "copy": "#93c5fd", "warm export": "#16a34a", "archived export": "#6b7280"}
FONT = 'font-family="system-ui, sans-serif" font-size="12"'


def drawing(stage: str, days: Sequence[Day]) -> str:
    """Return a picture of how many snapshots, copies and exports there are: an area for each, one upon the other."""
    most = max(sum(day.counts.values()) for day in days) or 1
    areas, below = [], [0] * len(days)
    for tier, colour in COLOURS.items():
        above = [base + day.counts[tier] for base, day in zip(below, days, strict=True)]
        areas.append(_area(below, above, most, colour))
        below = above
    parts = [*areas, *_axis(days, most), *_legend(stage)]
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([frame, f"<title>What {stage} keeps</title>", *parts, "</svg>"]) + "\n"


def _area(below: list[int], above: list[int], most: int, colour: str) -> str:
    upper = [_point(number, value, len(above), most) for number, value in enumerate(above)]
    lower = [_point(number, value, len(below), most) for number, value in enumerate(below)][::-1]
    return f'<polygon fill="{colour}" points="{" ".join([*upper, *lower])}"/>'


def _point(number: int, value: int, points: int, most: int) -> str:
    x = MARGIN + number * (WIDTH - 2 * MARGIN) / max(points - 1, 1)
    y = HEIGHT - MARGIN - value * (HEIGHT - 2 * MARGIN) / most
    return f"{x:.1f},{y:.1f}"


def _axis(days: Sequence[Day], most: int) -> list[str]:
    bottom = HEIGHT - MARGIN + 18
    years = [(number, day) for number, day in enumerate(days) if day.date.month == 1]
    labels = [
        f'<text x="{_point(number, 0, len(days), most).split(",")[0]}" y="{bottom}" {FONT}>{day.date.year}</text>'
        for number, day in years
    ]
    return [*labels, f'<text x="8" y="{MARGIN}" {FONT}>{most}</text>']


def _legend(stage: str) -> list[str]:
    entries = [f'<text x="{MARGIN}" y="18" {FONT} font-weight="bold">What {stage} keeps</text>']
    for number, (tier, colour) in enumerate(COLOURS.items()):
        x = MARGIN + 160 + number * 130
        entries.append(f'<rect x="{x}" y="9" width="10" height="10" fill="{colour}"/>')
        entries.append(f'<text x="{x + 15}" y="18" {FONT}>{tier}</text>')
    return entries
