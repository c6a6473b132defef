"""Where arrows run: straight between things that face each other, else around one corner."""

from __future__ import annotations

from typing import TypeAlias

from .picture import Item

Point: TypeAlias = tuple[float, float]


def route(source: Item, target: Item, at: float | None = None) -> list[Point]:
    """Return the points of an arrow from one thing to another, its tip last."""
    one, two = source.box, target.box
    level = _shared((one.y, one.bottom), (two.y, two.bottom))
    if level is not None:
        y = level if at is None else at
        return [(one.right, y), (two.x, y)] if one.right <= two.x else [(one.x, y), (two.right, y)]
    upright = _shared((one.x, one.right), (two.x, two.right))
    if upright is not None:
        x = upright if at is None else at
        return [(x, source.foot), (x, two.y)] if one.y < two.y else [(x, one.y), (x, target.foot)]
    x, y = two.middle[0], one.middle[1] if at is None else at
    start = one.right if one.right <= x else one.x
    return [(start, y), (x, y), (x, two.y if y < two.y else target.foot)]


def _shared(one: tuple[float, float], two: tuple[float, float]) -> float | None:
    """Return the middle of the shorter span, where it lies within the longer one."""
    short, long = sorted((one, two), key=lambda span: span[1] - span[0])
    middle = (short[0] + short[1]) / 2
    return middle if long[0] <= middle <= long[1] else None
