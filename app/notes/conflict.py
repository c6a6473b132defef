"""Two texts of one note, saved in two windows: where they differ, and both in one."""

from __future__ import annotations

from difflib import SequenceMatcher

# Comparing takes time by the square of the lines in the worst case.
MOST_COMPARED = 2_000


def differing_lines(saved: str, mine: str) -> list[tuple[str, bool]]:
    """Return the lines of the saved text, and of each whether it differs from mine."""
    lines, others = saved.split("\n"), mine.split("\n")
    start, end = _alike(lines, others)
    flags = [False] * start + _differing(lines[start : len(lines) - end], others[start : len(others) - end])
    return list(zip(lines, flags + [False] * end, strict=True))


def merged(saved: str, mine: str) -> str:
    """Return a text with every line of both: what they share once, and elsewhere the saved lines before mine."""
    lines, others = saved.split("\n"), mine.split("\n")
    start, end = _alike(lines, others)
    middle = _both(lines[start : len(lines) - end], others[start : len(others) - end])
    return "\n".join([*lines[:start], *middle, *lines[len(lines) - end :]])


def _alike(lines: list[str], others: list[str]) -> tuple[int, int]:
    """Return how many lines are the same at the beginning and at the end."""
    most = min(len(lines), len(others))
    start = next((at for at in range(most) if lines[at] != others[at]), most)
    most -= start
    return start, next((at for at in range(most) if lines[-1 - at] != others[-1 - at]), most)


def _differing(lines: list[str], others: list[str]) -> list[bool]:
    flags = [True] * len(lines)
    for tag, low, high, _, _ in _steps(lines, others):
        if tag == "equal":
            flags[low:high] = [False] * (high - low)
    return flags


def _both(lines: list[str], others: list[str]) -> list[str]:
    result: list[str] = []
    for tag, low, high, other_low, other_high in _steps(lines, others):
        result += lines[low:high]
        result += [] if tag == "equal" else others[other_low:other_high]
    return result


def _steps(lines: list[str], others: list[str]) -> list[tuple[str, int, int, int, int]]:
    if len(lines) + len(others) > MOST_COMPARED:
        return [("replace", 0, len(lines), 0, len(others))]
    return SequenceMatcher(None, lines, others, autojunk=False).get_opcodes()
