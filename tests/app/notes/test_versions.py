"""Two windows on one note: the later save never wins silently, and no text is lost."""

from __future__ import annotations

from typing import Any

import pytest
from webtest import TestApp

from app.notes.conflict import MOST_COMPARED, differing_lines, merged

from ..helpers import add_note, add_pad, errors, form_to, main_form, submit
from .test_pages import note_names


def two_windows(user: TestApp, text: str = "one\ntwo\nthree") -> tuple[int, Any, Any]:
    """Open one note's form twice."""
    note = add_note(user, "Plan", text)
    return note, main_form(user.get(f"/notes/{note}/edit/")), main_form(user.get(f"/notes/{note}/edit/"))


def save(form: Any, **values: str) -> Any:
    for name, value in values.items():
        form[name] = value
    return form.submit(expect_errors=True)


def text_of(user: TestApp, note: int) -> str:
    return str(user.get(f"/notes/{note}/?plain=1").html.pre.text)


def test_the_later_save_shows_both_texts(user: TestApp) -> None:
    note, first, second = two_windows(user)
    save(first, text="one\nTWO\nthree")
    page = save(second, text="one\ntwo\nthree\nfour")
    assert page.status_int == 409
    assert text_of(user, note) == "one\nTWO\nthree"
    assert [mark.text for mark in page.html.select("pre mark")] == ["TWO"]
    assert main_form(page)["text"].value.strip() == "one\ntwo\nthree\nfour"


def test_mine_can_be_saved_instead(user: TestApp) -> None:
    note, first, second = two_windows(user)
    save(first, text="theirs")
    page = save(second, text="mine")
    assert main_form(page).submit().location == f"/notes/{note}/"
    assert text_of(user, note) == "mine"


def test_both_can_be_put_together(user: TestApp) -> None:
    note, first, second = two_windows(user)
    save(first, text="one\nTWO\nthree")
    page = save(second, text="one\ntwo\nthree\nfour")
    together = main_form(page).submit("merge", value="1")
    assert main_form(together)["text"].value.strip() == "one\nTWO\ntwo\nthree\nfour"
    assert main_form(together).submit().status_int == 303
    assert text_of(user, note) == "one\nTWO\ntwo\nthree\nfour"


def test_a_third_window_is_a_conflict_again(user: TestApp) -> None:
    note, first, second = two_windows(user)
    save(first, text="theirs")
    page = save(second, text="mine")
    submit(user, f"/notes/{note}/edit/", text="somebody else's")
    assert main_form(page).submit(expect_errors=True).status_int == 409


def test_a_form_sent_twice_is_saved_once(user: TestApp) -> None:
    note, first, _ = two_windows(user)
    assert save(first, text="changed").status_int == 303
    assert save(first, text="changed").location == f"/notes/{note}/"


def test_a_save_without_a_version_is_a_conflict(user: TestApp) -> None:
    note, first, _ = two_windows(user)
    first["version"] = "rubbish"
    assert save(first, text="changed").status_int == 409
    assert text_of(user, note) == "one\ntwo\nthree"


def test_moving_a_note_elsewhere_is_noticed_too(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    note, first, _ = two_windows(user)
    form = form_to(user.get("/?select=1"), "/notes/move/")
    form[f"note-{note}"], form["pad"] = True, str(pad)
    form.submit("do", value="move")
    assert save(first, text="changed").status_int == 409


def test_the_text_of_a_note_deleted_elsewhere_is_kept(user: TestApp) -> None:
    note, first, _ = two_windows(user)
    submit(user, f"/notes/{note}/delete/")
    page = save(first, text="written in vain?")
    assert page.status_int == 404
    assert "This note was deleted" in page.text
    form = main_form(page)
    assert form.action == "/notes/create/"
    form.submit().follow()
    assert note_names(user.get("/")) == ["Plan"]
    assert "written in vain?" in user.get("/").text


def test_a_text_that_is_too_long_is_told_and_kept(user: TestApp) -> None:
    for path in ("/notes/create/", f"/notes/{add_note(user, 'Plan')}/edit/"):
        page = submit(user, path, name="Paste", text="x" * 100_001)
        assert "at most 100,000 characters; this one has 100,001" in errors(page)["text"]
        assert len(main_form(page)["text"].value.strip()) == 100_001
        assert "maxlength" not in page.html.textarea.attrs


def test_a_preview_is_shown_and_nothing_is_saved(user: TestApp) -> None:
    form = main_form(user.get("/notes/create/"))
    form["name"], form["text"] = "Plan", "- [x] **done**"
    page = form.submit("preview", value="1")
    assert page.html.select_one(".preview li.task strong").text == "done"
    assert main_form(page)["text"].value.strip() == "- [x] **done**"
    assert note_names(user.get("/")) == []
    assert main_form(page).submit().status_int == 303


@pytest.mark.parametrize("name", ["\u200b\u200d", "\u3164", "\u2800 \u00ad", "\ufe0f", "\u202e\u2066"])
def test_a_name_of_invisible_characters_is_refused(user: TestApp, name: str) -> None:
    assert list(errors(submit(user, "/notes/create/", name=name, text="text"))) == ["name"]
    assert list(errors(submit(user, "/pads/create/", name=name))) == ["name"]


def test_editing_focuses_the_text_and_creating_the_name(user: TestApp) -> None:
    (focused,) = user.get(f"/notes/{add_note(user, 'Plan')}/edit/").html.select("[autofocus]")
    assert focused["name"] == "text"
    (focused,) = user.get("/notes/create/").html.select("[autofocus]")
    assert focused["name"] == "name"


def test_very_different_long_texts_are_put_together_quickly() -> None:
    saved = "\n".join(f"saved {number}" for number in range(MOST_COMPARED))
    mine = "\n".join(f"mine {number}" for number in range(MOST_COMPARED))
    together = merged(f"same\n{saved}\nend", f"same\n{mine}\nend").split("\n")
    assert together == ["same", *saved.split("\n"), *mine.split("\n"), "end"]
    assert [line for line, differs in differing_lines("a\nb", "a\nc") if differs] == ["b"]
    assert merged("a", "a") == "a"
    assert merged("", "new") == "\nnew"
