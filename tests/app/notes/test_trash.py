"""Deleting is undone: for 30 days what was deleted is in the trash, and nowhere else."""

from __future__ import annotations

import datetime as dt
from typing import Any

from webtest import TestApp

from app.data import trash
from app.data.models import database, now
from app.data.trash import sweep_trash, trash_pad

from ..helpers import add_note, add_pad, form_to, main_form, other_browser, sign_up, submit
from .test_pages import note_names


def undo(page: Any) -> Any:
    """Press the button in the message on a page."""
    return form_to(page, page.html.select_one(".flash form")["action"]).submit()


def delete(browser: TestApp, what: str, key: int) -> Any:
    """Confirm a deletion and return the page that follows."""
    return submit(browser, f"/{what}/{key}/delete/").follow()


def pass_days(days: int) -> None:
    """Let what is in the trash have been there for so long."""
    past = now() - dt.timedelta(days=days)
    for table in ("notes", "pads"):
        database.rows(f"UPDATE {table} SET deleted_at = %s WHERE deleted_at IS NOT NULL RETURNING id", past)
    database.close()


def test_a_deleted_note_comes_back_with_undo(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    note = add_note(user, "Wishlist", "Books", pad=pad)
    page = delete(user, "notes", note)
    assert note_names(page) == []
    assert undo(page).location == f"/notes/{note}/"
    assert "Books" in user.get(f"/notes/{note}/").text
    assert note_names(user.get(f"/pads/{pad}/")) == ["Wishlist"]


def test_a_deleted_pad_comes_back_with_its_notes(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    add_note(user, "Wishlist", pad=pad)
    earlier = add_note(user, "Deleted before", pad=pad)
    delete(user, "notes", earlier)
    page = delete(user, "pads", pad)
    assert undo(page).follow().html.h1.text == "Ideas (1)"


def test_the_trash_shows_what_is_in_it_and_where_it_was(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    for name in ("one", "two"):
        add_note(user, name, pad=pad)
    delete(user, "notes", add_note(user, "Wishlist", "# Books"))
    delete(user, "pads", pad)
    rows = user.get("/trash/").html.select("tbody tr td:first-child")
    assert [row.text for row in rows] == ["IdeasPad with its notes: 2", "WishlistBooks"]


def test_what_is_in_the_trash_is_nowhere_else(user: TestApp) -> None:
    pad = add_pad(user, "Hidden pad")
    inside = add_note(user, "Hidden inside", pad=pad)
    alone = add_note(user, "Hidden alone")
    delete(user, "notes", alone)
    delete(user, "pads", pad)
    for path in ("/", "/?search=hidden", "/notes/create/", "/?select=1", "/settings/"):
        assert "Hidden" not in user.get(path).html.select_one(".columns").text.replace("The note", ""), path
    export = user.get("/settings/export/").body
    assert b"Hidden" not in export
    for path in (f"/notes/{inside}/", f"/notes/{alone}/", f"/notes/{alone}/edit/", f"/pads/{pad}/"):
        user.get(path, status=404)


def test_nobody_else_restores_or_sees_it(user: TestApp) -> None:
    note = add_note(user, "Wishlist")
    delete(user, "notes", note)
    stranger = other_browser(user)
    sign_up(stranger, "stranger@example.com")
    token = main_form(stranger.get("/pads/create/"))["csrf_token"].value
    stranger.post(f"/notes/{note}/restore/", {"csrf_token": token}, status=404)
    assert "Wishlist" not in stranger.get("/trash/").text
    assert "Wishlist" in user.get("/trash/").text


def test_a_note_whose_pad_is_gone_comes_back_in_no_pad(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    note = add_note(user, "Wishlist", pad=pad)
    delete(user, "notes", note)
    delete(user, "pads", pad)
    token = main_form(user.get("/pads/create/"))["csrf_token"].value
    user.post(f"/notes/{note}/restore/", {"csrf_token": token})
    assert user.get("/").html.select_one("td.pad").text == "No pad"


def test_the_trash_empties_itself_after_thirty_days(user: TestApp) -> None:
    delete(user, "notes", add_note(user, "Wishlist"))
    pad = add_pad(user, "Ideas")
    add_note(user, "Inside", pad=pad)
    delete(user, "pads", pad)
    pass_days(29)
    sweep_trash()
    assert count() == (2, 1)
    pass_days(31)
    sweep_trash()
    assert count() == (0, 0)


def test_a_visit_empties_what_is_due(user: TestApp) -> None:
    delete(user, "notes", add_note(user, "Wishlist"))
    pass_days(31)
    user.app.application.sweeper.due_at = 0.0
    user.get("/")
    assert count() == (0, 0)


def test_a_note_put_into_a_pad_just_as_it_is_deleted_outlives_it(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    note = add_note(user, "Wishlist", pad=pad)
    trash_pad(pad, 1)
    # What a save in another window does when it has seen the pad before it went.
    database.rows("UPDATE notes SET deleted_at = NULL WHERE id = %s RETURNING id", note)
    database.close()
    pass_days(31)
    sweep_trash()
    assert note_names(user.get("/")) == ["Wishlist"]


def test_the_trash_is_emptied_when_asked(user: TestApp) -> None:
    kept = add_note(user, "Kept")
    delete(user, "notes", add_note(user, "Wishlist"))
    assert submit(user, "/trash/empty/").follow().html.select_one(".empty")
    assert count() == (1, 0)
    assert user.get(f"/notes/{kept}/").status_int == 200


def test_a_confirmation_does_not_focus_what_deletes(user: TestApp) -> None:
    note, pad = add_note(user, "Wishlist"), add_pad(user, "Ideas")
    for path in (f"/notes/{note}/delete/", f"/pads/{pad}/delete/", "/trash/empty/"):
        (focused,) = user.get(path).html.select("[autofocus]")
        assert "danger" not in focused["class"], path


def test_only_what_this_code_says_is_flashed(user: TestApp) -> None:
    for value in ("note-deleted.x", "note-deleted.1/../2", "nonsense.1", f"note-deleted.{'9' * 30}"):
        user.set_cookie("flash", value)
        assert user.get("/").html.select_one(".flash") is None


def test_thirty_days_are_promised_and_kept(user: TestApp) -> None:
    assert f"{trash.DAYS} days" in user.get("/trash/").text
    assert f"{trash.DAYS} days" in user.get(f"/notes/{add_note(user, 'Wishlist')}/delete/").text


def count() -> tuple[int, int]:
    """Return how many notes and pads there are, the trash included."""
    counts = [int(database.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in ("notes", "pads")]
    database.close()
    return counts[0], counts[1]
