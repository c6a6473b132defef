"""Patterns of file paths as CodePipeline's triggers read them, and the regular expressions that mean the same.

`*` is any part of a name and stays within a folder, `**` goes across folders, `?` is one character, `[a-c]` one of a
set, `[!a-c]` one that is not in it, `{md,txt}` one of several words, and after `\\` a sign is nothing but itself. So
`docs/**` is all in a folder, `*.md` what lies at the top, and `**/*.md` what lies in folders.
Source: AWS CodePipeline User Guide, "Working with glob patterns in syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

TOKEN = re.compile(
    r"\\(?P<escaped>.)|(?P<sign>\*\*|[*?{},])|\[(?P<negated>!)?(?P<set>[^\]]+)\]|(?P<plain>[^\\\[])", re.DOTALL
)
SIGNS = {"**": ".*", "*": r"[^\/]*", "?": r"[^\/]", "{": "(?:", "}": ")", ",": "|"}


class GlobError(ValueError):
    """A pattern cannot be understood. The message is the end of a sentence that begins with what was set."""


def split(text: str) -> list[str]:
    """Return the patterns in a text, which commas divide; a comma within braces does not. No text is no pattern."""
    patterns = [""]
    for token, within_braces in _tokens(text):
        if token.group() == "," and not within_braces:
            patterns.append("")
        else:
            patterns[-1] += token.group()
    return patterns if text else []


def any_of(patterns: Iterable[str]) -> str:
    """Return a regular expression for the paths that any of the patterns matches, without slashes around it.

    It means the same in JSONata, whose literals end at a slash, in Java and in Python. Raises `GlobError`.
    """
    return f"^(?:{'|'.join(map(_regex, patterns))})$"


def _regex(pattern: str) -> str:
    if not pattern or re.search(r"\s", pattern):
        raise GlobError(f"must have patterns without white space between commas, got {pattern!r}")
    return "".join(_expression(token, within_braces) for token, within_braces in _tokens(pattern))


def _tokens(text: str) -> Iterator[tuple[re.Match[str], bool]]:
    """Yield every part of a text, and whether what follows it stands within braces."""
    position, within = 0, False
    while position < len(text) or within:
        token = TOKEN.match(text, position)
        if token is None or token.group() == ("{" if within else "}"):
            raise GlobError(f"must have brackets and braces in pairs, and no braces within others, got {text!r}")
        within = {"{": True, "}": False}.get(token.group(), within)
        yield token, within
        position = token.end()


def _expression(token: re.Match[str], within_braces: bool) -> str:
    if token["set"]:
        return _set(token["set"], negated=bool(token["negated"]))
    if token["sign"] and (token["sign"] != "," or within_braces):
        return SIGNS[token["sign"]]
    return _literal(token["escaped"] or token["plain"] or token["sign"])


def _set(characters: str, negated: bool) -> str:
    """Return a set of characters. It never has a slash, which divides names."""
    items = re.findall(r"(.)-(.)|(.)", characters)
    for first, last, single in items:
        if single == "/" or (first and not (first <= last < "/" or "/" < first <= last)):
            raise GlobError(f"must have no slash in brackets, and ranges that go up, got '[{characters}]'")
    ranges = (_literal(single) if single else f"{_literal(first)}-{_literal(last)}" for first, last, single in items)
    return f"[{'^' + _literal('/') if negated else ''}{''.join(ranges)}]"


def _literal(character: str) -> str:
    """Return a character as itself. A backslash is spelled out: JSONata would take it to escape what comes next."""
    if character == "\\":
        return r"\x5c"
    return character if character.isalnum() or character == "_" or not character.isascii() else f"\\{character}"
