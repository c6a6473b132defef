"""What a person's terminal takes: how wide it is, and whether it shows colours.

Whoever reads from a pipe or a file gets each line whole and without colours; a person gets lines that fit.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TextIO

# Prose is read no further than this, however wide the terminal is; tables take what they need.
MOST = 110
BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"


def columns(stream: TextIO | None = None) -> int | None:
    """Return how wide lines may be, or None where nobody looks. The variable COLUMNS overrules the terminal."""
    return shutil.get_terminal_size().columns if (stream or sys.stdout).isatty() else None


def styled(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return a text in a style, or as it is where there are no colours: https://no-color.org lets a person say so."""
    dull = not (stream or sys.stdout).isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if dull or not style or not text else f"\x1b[{style}m{text}\x1b[0m"


def folded(line: str, width: int | None, hang: int | None = None) -> list[str]:
    """Fold a line at words. What follows is indented by `hang`, or by two more than the line; words stay whole."""
    if width is None or len(line) <= width:
        return [line]
    indent = len(line) - len(line.lstrip())
    return textwrap.wrap(
        line.strip(),
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2 if hang is None else hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


def say(*lines: str, file: TextIO | None = None, style: str = "", hang: int | None = None) -> None:
    """Print lines so that they fit, and are not too long to read."""
    out = file or sys.stdout
    width = columns(out)
    for line in (part for each in lines for part in each.split("\n")):
        for part in folded(line, width and min(width, MOST), hang):
            print(styled(part, style, out), file=out)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Return the lines of a table; the columns whose numbers are in `right` are aligned to the right."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [heads, *rows]
    ]


def say_table(lines: Iterable[str]) -> None:
    """Print a table, whose first line is its head, as wide as the terminal."""
    for number, line in enumerate(lines):
        for part in folded(line, columns()):
            print(styled(part, BOLD if number == 0 else ""))


def plain(text: str) -> str:
    """Return a text without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)
