"""Text as it is searched: what differs only in case, accents, width or typography is made equal.

Both databases keep a note in this form beside what was typed, and every search is made of the same form, so that they
find the same: PostgreSQL's and SQLite's own rules for case and accents differ, and depend on the server's locale.
"""

from __future__ import annotations

import re
import unicodedata

# Of the marks, those that readers leave out: accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic. Marks
# of other scripts are letters to their readers: が is not か, and कु is not क.
_ACCENTS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_POINTS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed"
# Unicode's Default_Ignorable_Code_Point, from DerivedCoreProperties.txt: soft hyphens, joiners, directions, selectors.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_LEFT_OUT = re.compile(f"[{_ACCENTS}{_POINTS}{_INVISIBLE}]")
# Letters that Unicode does not take apart, and signs for which keyboards have a simpler one.
_SIMPLER = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
_SIMPLER |= dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bb\u02bc", "'")
_SIMPLER |= dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
_SIMPLER |= dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
_TRANSLATION = str.maketrans(_SIMPLER)
_WORD = re.compile(r'"([^"]+)"|(\S+)')
# What begins a heading, a quotation or an item, and what surrounds emphasis and code; underscores are in many names.
_MARKUP = re.compile(r"^(?:\s*(?:#{1,6}\s|>|[-+*]\s+(?:\[[ xX]\]\s)?|\d{1,9}[.)]\s))+|^[\s|:=`~*_-]+$|\*{1,3}|`|~~")
MOST_WORDS = 10


def fold(text: str) -> str:
    """Return a text in the form that is searched, on one line with single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    bare = _LEFT_OUT.sub("", unicodedata.normalize("NFKD", text)).casefold().translate(_TRANSLATION)
    return " ".join(unicodedata.normalize("NFC", bare).split())


def folded_note(name: str, text: str) -> str:
    """Return what is searched of a note: its name on the first line, its text on the second.

    Both have a space before them, so that every word has: that is how a search tells where one begins.
    """
    return f" {fold(name)}\n {fold(text)}"


def search_words(search: str) -> list[str]:
    """Return the words that must all occur, folded; "several words" in quotes are one."""
    found = (quoted or bare for quoted, bare in _WORD.findall(fold(search)))
    words = dict.fromkeys(word.strip() for word in found)
    return [word for word in words if word][:MOST_WORDS]


def first_line(text: str) -> str:
    """Return the first line of a note with words in it, without the signs of Markdown around them."""
    for line in text.splitlines():
        bare = _MARKUP.sub("", line).strip()
        if bare:
            return bare
    return ""


def is_visible(text: str) -> bool:
    """Whether anything of a text can be seen: not only spaces, joiners, fillers and marks."""
    seen = re.sub(f"[{_INVISIBLE}\u2800]", "", text)
    return any(unicodedata.category(sign)[0] in "LNPS" for sign in seen)
