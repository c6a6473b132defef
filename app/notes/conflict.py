"""Two texts of one note, saved in two windows: where they differ, and both in one."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

# Comparing takes time by the square of the lines in the worst case.
MOST_COMPARED = 2_000


def differing_lines(saved: str, mine: str) -> list[tuple[str, bool]]:
    """Return the lines of the saved text, and of each whether it differs from mine."""
    return [(line, not shared) for lines, _, shared in _steps(saved, mine) for line in lines]


def merged(saved: str, mine: str) -> str:
    """Return a text with every line of both: what they share once, and elsewhere the saved lines before mine."""
    steps = _steps(saved, mine)
    return "\n".join(line for lines, others, shared in steps for line in (lines if shared else lines + others))


def _steps(saved: str, mine: str) -> Iterator[tuple[list[str], list[str], bool]]:
    """Yield the lines of both texts in pieces, each with whether they share it."""
    lines, others = saved.split("\n"), mine.split("\n")
    start = _alike(lines, others)
    yield lines[:start], others[:start], True
    end = _alike(lines[start:][::-1], others[start:][::-1])
    rest, other_rest = lines[start : len(lines) - end], others[start : len(others) - end]
    if len(rest) + len(other_rest) > MOST_COMPARED:
        yield rest, other_rest, False
    else:
        compared = SequenceMatcher(None, rest, other_rest, autojunk=False)
        for tag, low, high, other_low, other_high in compared.get_opcodes():
            yield rest[low:high], other_rest[other_low:other_high], tag == "equal"
    yield lines[len(lines) - end :], others[len(others) - end :], True


def _alike(lines: list[str], others: list[str]) -> int:
    """Return how many lines are the same at the beginning."""
    most = min(len(lines), len(others))
    return next((at for at in range(most) if lines[at] != others[at]), most)
