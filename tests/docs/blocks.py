"""The code blocks of the documentation's pages, with the mark of those that no test runs.

A block that is not run says why in a comment above it, which a rendered page does not show:

    <!-- not run: needs a repository on CodeCommit -->
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>[^\n]*)\n(?P<code>.*?)^```$", re.M | re.S
)
COMMENT = re.compile(r"^<!--.*?-->$", re.M | re.S)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of a page. `reason` says why no test runs it; None is a block that is run."""

    page: Path
    line: int
    language: str
    code: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line} ({self.language})"


def text_of(page: Path) -> str:
    """Return what a page says, as it is written."""
    return page.read_text(encoding="utf-8")


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield every block of a page in the order a reader meets them."""
    text = text_of(page)
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("code"))
        yield Block(page, line, found["language"], found["code"], found["reason"])


def prose_of(page: Path) -> str:
    """Return a page without its blocks and their marks."""
    return BLOCK.sub("", text_of(page))
