"""Where arrows run: straight between things that face each other, else around one corner."""

from __future__ import annotations

from typing import TypeAlias

from .picture import Box, Item

Point: TypeAlias = tuple[float, float]


def route(source: Item, target: Item, at: float | None = None) -> list[Point]:
    """Return the points of an arrow from one thing to another, its tip last."""
    one, two = source.box, target.box
    level = _shared((one.y, one.bottom), (two.y, two.bottom))
    if level is not None:
        return _level(one, two, level if at is None else at)
    upright = _shared((one.x, one.right), (two.x, two.right))
    if upright is not None:
        return _upright(source, target, upright if at is None else at)
    return _corner(source, target, one.middle[1] if at is None else at)


def _shared(one: tuple[float, float], two: tuple[float, float]) -> float | None:
    """Return the middle of the shorter span, where it lies within the longer one."""
    short, long = sorted((one, two), key=lambda span: span[1] - span[0])
    middle = (short[0] + short[1]) / 2
    return middle if long[0] <= middle <= long[1] else None


def _level(one: Box, two: Box, y: float) -> list[Point]:
    return [(one.right, y), (two.x, y)] if one.right <= two.x else [(one.x, y), (two.right, y)]


def _upright(source: Item, target: Item, x: float) -> list[Point]:
    if source.box.y < target.box.y:
        return [(x, source.foot), (x, target.box.y)]
    return [(x, source.box.y), (x, target.foot)]


def _corner(source: Item, target: Item, y: float) -> list[Point]:
    x = target.box.middle[0]
    start = source.box.right if source.box.right <= x else source.box.x
    return [(start, y), (x, y), (x, target.box.y if y < target.box.y else target.foot)]
