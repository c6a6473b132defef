"""What an account may do at once and at most: several notes moved or deleted, its quota, its time zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webtest import TestApp

from app.data.models import database

from ..helpers import add_note, add_pad, errors, form_to, main_form, other_browser, sign_up, submit
from .test_pages import note_names


def chosen(browser: TestApp, *notes: int, path: str = "/") -> Any:
    """Return the form of a list with these notes chosen."""
    form = form_to(browser.get(f"{path}?select=1"), "/notes/move/")
    for note in notes:
        form[f"note-{note}"] = True
    return form


def test_several_notes_are_moved_at_once(user: TestApp) -> None:
    notes = [add_note(user, name) for name in ("one", "two", "three")]
    pad = add_pad(user, "Ideas")
    form = chosen(user, *notes[:2])
    form["pad"] = str(pad)
    page = form.submit("do", value="move").follow()
    assert "Notes moved: 2." in page.text
    assert sorted(note_names(user.get(f"/pads/{pad}/"))) == ["one", "two"]
    back = chosen(user, notes[0], path=f"/pads/{pad}/").submit("do", value="move")
    assert back.location.startswith(f"/pads/{pad}/")
    assert note_names(user.get(f"/pads/{pad}/")) == ["two"]


def test_several_notes_are_put_into_the_trash_at_once(user: TestApp) -> None:
    notes = [add_note(user, name) for name in ("one", "two", "three")]
    assert "trash: 2" in chosen(user, *notes[1:]).submit("do", value="trash").follow().text
    assert note_names(user.get("/")) == ["one"]
    assert len(user.get("/trash/").html.select("tbody tr")) == 2


def test_only_ones_own_notes_and_pads_take_part(user: TestApp) -> None:
    note, pad = add_note(user, "Private"), add_pad(user, "Private pad")
    stranger = other_browser(user)
    sign_up(stranger, "stranger@example.com")
    own = add_note(stranger, "Own")
    token = main_form(stranger.get("/pads/create/"))["csrf_token"].value
    for fields in ({"do": "trash"}, {"do": "move", "pad": ""}):
        stranger.post("/notes/move/", {"csrf_token": token, f"note-{note}": "on", **fields})
    moved = stranger.post("/notes/move/", {"csrf_token": token, f"note-{own}": "on", "do": "move", "pad": str(pad)})
    assert "Nothing is moved" in moved.follow().text
    assert note_names(user.get("/")) == ["Private"]


def test_a_number_that_no_note_can_have_chooses_none(user: TestApp) -> None:
    token = main_form(user.get("/pads/create/"))["csrf_token"].value
    for number in ("²", "٣", "0", "9" * 30):
        moved = user.post("/notes/move/", {"csrf_token": token, f"note-{number}": "on", "do": "trash"})
        assert "No note was chosen" in moved.follow().text, number


def test_choosing_none_is_told(user: TestApp) -> None:
    add_note(user, "one")
    assert "No note was chosen" in chosen(user).submit("do", value="move").follow().text


def test_an_account_has_a_quota_of_notes(start: Callable[..., TestApp], settings: dict[str, Any]) -> None:
    browser = start(**settings, account_notes=2)
    sign_up(browser, "user@example.com")
    first = add_note(browser, "one")
    add_note(browser, "two")
    page = submit(browser, "/notes/create/", name="three", text="a text that is kept")
    assert "2 notes of at most 2" in errors(page)["text"]
    assert main_form(page)["text"].value.strip() == "a text that is kept"
    assert submit(browser, f"/notes/{first}/edit/", text="still editable, and longer").status_int == 303
    submit(browser, f"/notes/{first}/delete/")
    submit(browser, "/trash/empty/")
    assert main_form(page).submit().status_int == 303


def test_an_account_has_a_quota_of_bytes(start: Callable[..., TestApp], settings: dict[str, Any]) -> None:
    browser = start(**settings, account_megabytes=1)
    sign_up(browser, "user@example.com")
    for number in range(10):
        note = add_note(browser, f"Note {number}", "x" * 99_990)
    page = submit(browser, "/notes/create/", name="more", text="y" * 200)
    assert "of at most 1 MB" in errors(page)["text"]
    assert submit(browser, f"/notes/{note}/edit/", text="shorter").status_int == 303


def test_times_are_shown_in_ones_own_zone(user: TestApp) -> None:
    note = add_note(user, "Wishlist")
    database.rows("UPDATE notes SET updated_at = '2020-05-01 12:00:00' WHERE id = %s RETURNING id", note)
    database.close()
    assert user.get("/").html.select_one("td.when")["title"] == "1 May 2020 at 12:00"
    submit(user, "/settings/time-zone/", time_zone="Asia/Tokyo")
    assert user.get("/").html.select_one("td.when")["title"] == "1 May 2020 at 21:00"
    shown = user.get(f"/notes/{note}/").html.select_one(".about time")
    assert shown["title"] == "1 May 2020 at 21:00 (Asia/Tokyo)"
    assert shown["datetime"] == "2020-05-01T12:00Z"
    assert "Asia/Tokyo" in user.get("/settings/").text


def test_an_unknown_zone_is_refused(user: TestApp) -> None:
    form = main_form(user.get("/settings/time-zone/"))
    for zone in ("../../etc/passwd", "Nowhere/City", "localtime", "x" * 200):
        form["time_zone"].force_value(zone)
        assert errors(form.submit()) == {"time_zone": "Please choose one of these time zones."}, zone


def test_the_list_shows_first_lines_without_markup(user: TestApp) -> None:
    for name, text in (
        ("a", "\n## **Hello** <there>\nmore"),
        ("b", "- [ ] task"),
        ("c", "snake_case"),
        ("d", "***\n\nx"),
    ):
        add_note(user, name, text)
    lines = [line.text for line in user.get("/?order=name").html.select(".line")]
    assert lines == ["Hello <there>", "task", "snake_case", "x"]


def test_new_note_stands_before_the_list(user: TestApp) -> None:
    add_note(user, "one")
    html = user.get("/").text
    assert html.index('href="/notes/create/') < html.index("<table")


def test_search_engines_and_readers_are_told_what_this_is(browser: TestApp) -> None:
    assert browser.get("/signin/").html.select_one("meta[name=description]")["content"]
    answer = browser.get("/robots.txt")
    assert answer.content_type == "text/plain"
    assert answer.text == "User-agent: *\nAllow: /\n"
    assert browser.get("/signin/").html.select_one("body > a.skip")["href"] == "#content"


def test_wide_parts_of_a_note_are_reached_by_the_keyboard(user: TestApp) -> None:
    note = add_note(user, "Wide", "```\ncode\n```\n\n    indented\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    article = user.get(f"/notes/{note}/").html.article
    assert [part["tabindex"] for part in article.select("pre, table")] == ["0", "0", "0"]


def test_static_files_are_kept_for_ever_under_the_name_of_their_content(browser: TestApp) -> None:
    links = [link["href"] for link in browser.get("/signin/").html.select("link[href^='/static/']")]
    assert len(links) == 2
    for link in links:
        assert browser.get(link).headers["Cache-Control"] == "public, max-age=31536000, immutable"
