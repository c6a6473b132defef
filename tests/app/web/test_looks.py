"""The colours of the style sheet: WCAG AA contrast of each pair of text and background, light and dark."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.notes.markdown import LONGEST_RENDERED, to_html
from app.web.assets import FOLDER
from app.web.dates import Calendar

SHEET = (FOLDER / "style.css").read_text()
VIEWS = Path(FOLDER).parent / "views"
TEXTS = ("text", "quiet", "accent", "danger")
PAIRS = [(text, ground) for text in TEXTS for ground in ("page", "raised")]
PAIRS += [("button-text", "button"), ("flash-text", "flash"), ("mark-text", "mark"), ("page", "danger")]
EDGES = [("border", "page"), ("border", "raised"), ("focus", "page")]


def colours(scheme: str) -> dict[str, str]:
    """Return the custom properties of a scheme; dark overrides light."""
    light, dark = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in SHEET.split("@media")[:2])
    return light if scheme == "light" else light | dark


def contrast(first: str, second: str) -> float:
    """Return WCAG's contrast ratio of two colours."""
    bright, dim = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    """Return WCAG's relative luminance of a colour."""
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_aa_contrast(scheme: str) -> None:
    found = colours(scheme)
    assert {pair for pair in PAIRS if contrast(found[pair[0]], found[pair[1]]) < 4.5} == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_fields_and_focus_have_aa_contrast(scheme: str) -> None:
    found = colours(scheme)
    assert {pair for pair in EDGES if contrast(found[pair[0]], found[pair[1]]) < 3} == set()


def test_every_colour_is_a_tested_property() -> None:
    rules = SHEET.split("* { box-sizing")[1]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rules) == []


def test_no_template_has_script_or_style_or_another_host() -> None:
    for path in VIEWS.glob("*.tpl"):
        text = path.read_text()
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|(src|href)=\"(https?:)?//", text), path


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-23 00:00", "Today at 00:00"),
        ("2026-11-23 14:05", "Today at 14:05"),
        ("2026-11-22 09:30", "Yesterday at 09:30"),
        ("2026-11-20 23:59", "3 days ago"),
        ("2026-11-17 12:00", "6 days ago"),
        ("2026-11-16 12:00", "16 Nov 2026"),
        ("2025-05-01 12:00", "1 May 2025"),
        ("2026-11-24 00:01", "24 Nov 2026"),
    ],
)
def test_dates_read_as_people_say_them(moment: str, words: str) -> None:
    calendar = Calendar(ZoneInfo("UTC"), dt.datetime(2026, 11, 23, 18, 0))
    assert calendar.words(dt.datetime.fromisoformat(moment)) == words


def test_today_is_the_deployments_day() -> None:
    calendar = Calendar(ZoneInfo("Asia/Tokyo"), dt.datetime(2026, 11, 23, 18, 0))
    assert calendar.words(dt.datetime(2026, 11, 23, 16, 0)) == "Today at 01:00"
    assert calendar.words(dt.datetime(2026, 11, 23, 14, 0)) == "Yesterday at 23:00"


def test_a_very_long_text_is_shown_as_it_is() -> None:
    assert to_html("a " * LONGEST_RENDERED) is None


@pytest.mark.parametrize("part", ["[", "![", "*a ", "> ", "`", "[a](", "<a ", "_a", "](", "|a", "1. a\n", "&#"])
def test_strange_markdown_does_not_hold_a_thread(part: str) -> None:
    import time

    started = time.process_time()
    to_html(part * (LONGEST_RENDERED // len(part)))
    assert time.process_time() - started < 1
