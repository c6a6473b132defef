"""What somebody wrote is on every page that refuses it, and is saved after signing in again."""

from __future__ import annotations

from typing import Any

import peewee
import pytest
from webtest import TestApp

from app.data.models import Session, User, database

from ..helpers import add_note, main_form, other_browser, sign_in, sign_up

TEXT = 'Ten pages about <b>bread</b> & "butter".\n\nThe end.'


def written(user: TestApp, path: str = "/notes/create/") -> Any:
    """Return a form that was filled in."""
    form = main_form(user.get(path))
    form["name"], form["text"] = "Bread", TEXT
    return form


def end_sessions() -> None:
    Session.delete().execute()
    database.close()


def texts() -> list[str]:
    rows = database.rows("SELECT text FROM notes ORDER BY id")
    database.close()
    return [text for (text,) in rows]


def signed_in_with(page: Any, password: str = "correct horse") -> Any:
    form = main_form(page)
    form["email"], form["password"] = "user@example.com", password
    return form.submit(expect_errors=True)


def test_a_note_written_while_the_session_ended_is_saved_after_signing_in(user: TestApp) -> None:
    form = written(user)
    end_sessions()
    page = form.submit(expect_errors=True)
    assert page.status_int == 401
    wrong = signed_in_with(page, "wrong horse")
    assert texts() == []
    assert signed_in_with(wrong).status_int == 303
    assert [text.replace("\r\n", "\n") for text in texts()] == [TEXT]


def test_an_edit_goes_on_too(user: TestApp) -> None:
    note = add_note(user, "Old", "old words")
    form = written(user, f"/notes/{note}/edit/")
    end_sessions()
    assert signed_in_with(form.submit(expect_errors=True)).location.endswith(f"/notes/{note}/")
    assert texts() == [TEXT]


def test_a_draft_is_not_trusted_with_somebody_elses_note(user: TestApp) -> None:
    other = other_browser(user)
    sign_up(other, "other@example.com")
    note = add_note(other, "Theirs", "their words")
    form = main_form(user.get("/notes/create/"))
    form["name"], form["text"] = "Mine", TEXT
    form.action = f"/notes/{note}/edit/"
    end_sessions()
    page = signed_in_with(form.submit(expect_errors=True))
    assert page.status_int == 404
    assert "bread" in page
    assert texts() == ["their words"]


@pytest.mark.parametrize("path", ["/settings/delete/", "/pads/create/", "//evil.example/", "/notes/1/delete/"])
def test_nothing_but_a_note_is_done_after_signing_in(user: TestApp, path: str) -> None:
    form = written(user)
    end_sessions()
    page = form.submit(expect_errors=True)
    main_form(page)["kept-path"].force_value(path)
    assert signed_in_with(page).location == "/"
    assert User.select().count() == 1
    database.close()


def test_a_refused_form_comes_back_to_be_sent_again(user: TestApp) -> None:
    form = written(user)
    form["csrf_token"].force_value("of another browser")
    page = form.submit(expect_errors=True)
    assert page.status_int == 403
    assert main_form(page)["text"].value.replace("\r\n", "\n") == TEXT
    assert main_form(page).submit().status_int == 303
    assert texts() == [TEXT]


def test_trouble_with_the_database_loses_no_text(user: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    form = written(user)

    def full(*arguments: Any) -> None:
        raise peewee.OperationalError("database or disk is full")

    monkeypatch.setattr("app.notes.notes.Note.add", full)
    page = form.submit(expect_errors=True)
    assert page.status_int == 500
    monkeypatch.undo()
    assert main_form(page).submit().status_int == 303
    assert texts() == [TEXT]


def test_a_line_that_is_too_long_loses_no_text(user: TestApp) -> None:
    form = written(user)
    page = form.submit(expect_errors=True, extra_environ={"notejam.refused": 503})
    assert page.status_int == 500
    assert main_form(page).submit().status_int == 303
    assert texts() == [TEXT]


def test_a_long_paste_comes_back_whole(user: TestApp) -> None:
    form = written(user)
    form["text"] = "words " * 300_000
    page = form.submit(expect_errors=True)
    assert len(main_form(page)["text"].value) == 1_800_000
    assert "100,000" in page
    assert "maxlength" not in str(page.html.select_one("textarea"))


def test_signing_in_elsewhere_and_in_the_same_browser_both_keep_it(user: TestApp) -> None:
    form = written(user)
    end_sessions()
    sign_in(user, "user@example.com")
    assert form.submit().status_int == 303
    assert texts() == [TEXT]
