"""The part of a note that a search found, with what matched marked."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ..data.folding import fold
from ..web.pages import escape

BEFORE, LENGTH = 50, 160
# Marks of half-width kana are signs of their own, and NFC leaves them so.
SIGN = re.compile("(?s).[\uff9e\uff9f]?")


def marked(text: str, words: list[str]) -> str:
    """Return a whole text as HTML, with every occurrence of the words marked."""
    flat = _flat(text)
    return _marked(flat, _matches(flat, words))


def snippet(text: str, words: list[str], always: bool = False) -> str | None:
    """Return the text around the first match as HTML, with all matches in it marked.

    Without any match it is the beginning if there is to be one `always`, else None.
    """
    flat = _flat(text)
    matches = _matches(flat, words)
    if not matches and not always:
        return None
    start, end = _window(flat, matches[0][0] if matches else 0)
    inside = [(max(low, start) - start, min(high, end) - start) for low, high in matches if low < end and high > start]
    return f"{'…' * (start > 0)}{_marked(flat[start:end], inside)}{'…' * (end < len(flat))}"


def _flat(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _window(text: str, match: int) -> tuple[int, int]:
    """Return where to begin and end: a little before the match, at a space where there is one."""
    start = max(0, match - BEFORE)
    if start:
        space = text.find(" ", start, match)
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + LENGTH)
    if end < len(text):
        space = text.rfind(" ", match + 1, end)
        end = space if space > start + LENGTH // 2 else end
    return start, end


def _matches(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Return the places of all words in the text as typed, in order, those that touch each other joined."""
    folded, origin = _folded_with_origin(text)
    found = sorted(
        (match.start(), match.end()) for word in words for match in re.finditer(re.escape(word), folded, re.ASCII)
    )
    joined: list[tuple[int, int]] = []
    for low, high in found:
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return [(origin[low], _end(text, origin[high - 1])) for low, high in joined]


def _folded_with_origin(text: str) -> tuple[str, list[int] | range]:
    """Return the folded text, and for each of its characters the place in the text it comes from."""
    if text.isascii():
        return fold(text), range(len(text))
    parts, origin = [], []
    for match in SIGN.finditer(text):
        folded = _folded_sign(match[0])
        parts.append(folded)
        origin += [match.start()] * len(folded)
    return "".join(parts), origin


def _end(text: str, start: int) -> int:
    """Return where the sign that starts there ends."""
    match = SIGN.match(text, start)
    return match.end() if match else start + 1


@lru_cache(maxsize=4096)
def _folded_sign(sign: str) -> str:
    return sign if sign == " " else fold(sign)


def _marked(text: str, matches: list[tuple[int, int]]) -> str:
    parts, place = [], 0
    for low, high in matches:
        parts += [escape(text[place:low]), "<mark>", escape(text[low:high]), "</mark>"]
        place = high
    return "".join([*parts, escape(text[place:])])
