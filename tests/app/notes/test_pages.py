"""The cases every Notejam is asked to test, by name, on SQLite and on PostgreSQL, and what surrounds them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from webtest import TestApp

from app.data.models import database

from ..helpers import add_note, add_pad, errors, form_to, main_form, other_browser, sign_in, sign_out, sign_up, submit

NEW_USER = {"email": "user@example.com", "password": "correct horse", "repeat_password": "correct horse"}


@pytest.fixture
def stranger(user: TestApp) -> TestApp:
    """Another user's browser."""
    browser = other_browser(user)
    sign_up(browser, "stranger@example.com")
    return browser


def note_names(page: Any) -> list[str]:
    return [link.text for link in page.html.select("table.notes tbody td:first-child a")]


def test_sign_up_works(browser: TestApp) -> None:
    page = submit(browser, "/signup/", **NEW_USER).follow()
    assert page.html.h1.text == "All notes (0)"
    assert "user@example.com" in page.text


@pytest.mark.parametrize("missing", ["email", "password", "repeat_password"])
def test_sign_up_fails_on_missing_fields(browser: TestApp, missing: str) -> None:
    page = submit(browser, "/signup/", **{**NEW_USER, missing: ""})
    assert missing in errors(page)


@pytest.mark.parametrize(
    "email", ["user", "user@", "@example.com", "us er@example.com", "user@example", "a" * 70 + "@b.com"]
)
def test_sign_up_fails_on_an_invalid_email(browser: TestApp, email: str) -> None:
    page = submit(browser, "/signup/", **{**NEW_USER, "email": email})
    assert list(errors(page)) == ["email"]
    assert main_form(page)["email"].value == email


def test_sign_up_fails_on_an_email_already_taken(user: TestApp) -> None:
    page = submit(other_browser(user), "/signup/", **{**NEW_USER, "email": "User@Example.com"})
    assert errors(page) == {"email": "There is an account with this address already."}


def test_sign_up_fails_on_passwords_that_differ(browser: TestApp) -> None:
    page = submit(browser, "/signup/", **{**NEW_USER, "repeat_password": "wrong horse"})
    assert errors(page) == {"repeat_password": "The two passwords differ."}


def test_sign_in_works(user: TestApp) -> None:
    answer = sign_in(other_browser(user), "user@example.com")
    assert (answer.status_int, answer.location) == (303, "/")


@pytest.mark.parametrize("missing", ["email", "password"])
def test_sign_in_fails_on_missing_fields(user: TestApp, missing: str) -> None:
    values = {"email": "user@example.com", "password": "correct horse", missing: ""}
    assert missing in errors(submit(other_browser(user), "/signin/", **values))


@pytest.mark.parametrize("email", ["user@example.com", "nobody@example.com"])
def test_sign_in_fails_on_wrong_credentials(user: TestApp, email: str) -> None:
    page = submit(other_browser(user), "/signin/", email=email, password="battery staple")
    assert errors(page) == {"password": "Wrong e-mail address or password."}
    assert main_form(page)["password"].value == ""


def test_signing_out_leads_back_to_sign_in(user: TestApp) -> None:
    page = form_to(user.get("/"), "/signout/").submit().follow()
    assert page.html.h1.text == "Sign in"
    assert user.get("/").location == "/signin/"


def test_signing_out_ends_the_session(user: TestApp) -> None:
    assert sign_out(user).location == "/signin/"
    assert user.get("/").status_int == 303


def test_after_signing_in_the_visitor_goes_on(user: TestApp) -> None:
    guest = other_browser(user)
    asked = guest.get("/notes/create/?pad=3")
    form = main_form(guest.get(asked.location))
    form["email"], form["password"] = "user@example.com", "correct horse"
    assert form.submit().location == "/notes/create/?pad=3"


def test_a_note_is_created(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    page = submit(user, "/notes/create/", name="Wishlist", text="Books", pad=pad).follow()
    assert page.html.h1.text == "Ideas (1)"
    assert page.html.select_one(".flash").text.strip() == "The note is created."
    assert note_names(user.get("/")) == ["Wishlist"]


def test_a_note_is_created_in_no_pad(user: TestApp) -> None:
    add_note(user, "Loose")
    assert user.get("/").html.select_one("td.pad").text == "No pad"


def test_a_note_is_not_created_by_an_anonymous_visitor(browser: TestApp) -> None:
    assert browser.get("/notes/create/").location == "/signin/?next=%2Fnotes%2Fcreate%2F"
    form = main_form(browser.get("/signin/"))
    values = {"csrf_token": form["csrf_token"].value, "name": "n", "text": "t", "pad": ""}
    page = browser.post("/notes/create/", values, status=401)
    assert "Sign in to save your note" in page
    assert database.rows("SELECT count(*) FROM notes") == [(0,)]
    database.close()


@pytest.mark.parametrize("missing", ["name", "text"])
def test_a_note_is_not_created_with_a_required_field_missing(user: TestApp, missing: str) -> None:
    page = submit(user, "/notes/create/", **{"name": "Wishlist", "text": "Books", missing: "  "})
    assert list(errors(page)) == [missing]
    assert main_form(page)["name" if missing == "text" else "text"].value.strip() in ("Wishlist", "Books")


def test_a_note_is_not_created_in_another_users_pad(user: TestApp, stranger: TestApp) -> None:
    pad = add_pad(user, "Private")
    page = submit(stranger, "/notes/create/", name="n", text="t", pad=pad)
    assert errors(page) == {"pad": "Please choose one of your pads."}
    assert note_names(stranger.get("/")) == []


def test_a_note_is_viewed_by_its_owner_and_nobody_else(user: TestApp, stranger: TestApp) -> None:
    note = add_note(user, "Wishlist", "Books")
    assert "Books" in user.get(f"/notes/{note}/").html.article.text
    stranger.get(f"/notes/{note}/", status=404)


def test_a_note_is_edited_by_its_owner_and_nobody_else(user: TestApp, stranger: TestApp) -> None:
    note = add_note(user, "Wishlist")
    page = submit(user, f"/notes/{note}/edit/", name="Wishes", text="Records").follow()
    assert (page.html.h1.text, page.html.article.text.strip()) == ("Wishes", "Records")
    stranger.get(f"/notes/{note}/edit/", status=404)
    token = main_form(stranger.get("/pads/create/"))["csrf_token"].value
    stranger.post(f"/notes/{note}/edit/", {"csrf_token": token, "name": "n", "text": "t"}, status=404)


@pytest.mark.parametrize("missing", ["name", "text"])
def test_a_note_is_not_edited_with_a_required_field_missing(user: TestApp, missing: str) -> None:
    note = add_note(user, "Wishlist")
    assert list(errors(submit(user, f"/notes/{note}/edit/", **{missing: ""}))) == [missing]
    assert note_names(user.get("/")) == ["Wishlist"]


def test_a_note_moves_to_another_pad(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    note = add_note(user, "Wishlist")
    submit(user, f"/notes/{note}/edit/", pad=pad)
    assert note_names(user.get(f"/pads/{pad}/")) == ["Wishlist"]


def test_a_note_is_deleted_by_its_owner_and_nobody_else(user: TestApp, stranger: TestApp) -> None:
    note = add_note(user, "Wishlist")
    stranger.get(f"/notes/{note}/delete/", status=404)
    token = main_form(stranger.get("/pads/create/"))["csrf_token"].value
    stranger.post(f"/notes/{note}/delete/", {"csrf_token": token}, status=404)
    assert submit(user, f"/notes/{note}/delete/").location == "/"
    user.get(f"/notes/{note}/", status=404)


def test_a_pad_is_created(user: TestApp) -> None:
    page = submit(user, "/pads/create/", name="Ideas").follow()
    assert page.html.h1.text == "Ideas (0)"
    assert page.html.select_one(".pads li a").text == "Ideas"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_pad_is_not_created_without_a_proper_name(user: TestApp, name: str) -> None:
    assert list(errors(submit(user, "/pads/create/", name=name))) == ["name"]


def test_a_pad_is_viewed_by_its_owner_and_nobody_else(user: TestApp, stranger: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    add_note(user, "Wishlist", pad=pad)
    assert note_names(user.get(f"/pads/{pad}/")) == ["Wishlist"]
    stranger.get(f"/pads/{pad}/", status=404)


def test_a_pad_is_edited_by_its_owner_and_nobody_else(user: TestApp, stranger: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    assert submit(user, f"/pads/{pad}/edit/", name="Plans").follow().html.h1.text == "Plans (0)"
    stranger.get(f"/pads/{pad}/edit/", status=404)
    token = main_form(stranger.get("/pads/create/"))["csrf_token"].value
    stranger.post(f"/pads/{pad}/edit/", {"csrf_token": token, "name": "Mine"}, status=404)


def test_a_pad_is_not_edited_with_its_name_missing(user: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    assert list(errors(submit(user, f"/pads/{pad}/edit/", name=""))) == ["name"]
    assert user.get(f"/pads/{pad}/").html.h1.text == "Ideas (0)"


def test_a_pad_is_deleted_with_its_notes_by_its_owner_and_nobody_else(user: TestApp, stranger: TestApp) -> None:
    pad = add_pad(user, "Ideas")
    add_note(user, "Gone", pad=pad)
    add_note(user, "Kept")
    stranger.get(f"/pads/{pad}/delete/", status=404)
    token = main_form(stranger.get("/pads/create/"))["csrf_token"].value
    stranger.post(f"/pads/{pad}/delete/", {"csrf_token": token}, status=404)
    submit(user, f"/pads/{pad}/delete/")
    user.get(f"/pads/{pad}/", status=404)
    assert note_names(user.get("/")) == ["Kept"]


def test_notes_are_ordered_by_name_and_date(user: TestApp) -> None:
    for name in ("banana", "Apple", "cherry"):
        add_note(user, name)
    orders = {
        "name": ["Apple", "banana", "cherry"],
        "-name": ["cherry", "banana", "Apple"],
        "updated_at": ["banana", "Apple", "cherry"],
        "-updated_at": ["cherry", "Apple", "banana"],
    }
    assert {order: note_names(user.get(f"/?order={order}")) for order in orders} == orders
    assert note_names(user.get("/")) == orders["-updated_at"] == note_names(user.get("/?order=rubbish;--"))


def test_an_edited_note_moves_to_the_top(user: TestApp) -> None:
    first = add_note(user, "first")
    add_note(user, "second")
    submit(user, f"/notes/{first}/edit/", text="changed")
    assert note_names(user.get("/")) == ["first", "second"]


def test_the_list_has_fifty_notes_a_page(user: TestApp, settings: dict[str, Any]) -> None:
    from app.data.notes import Note

    for number in range(60):
        Note.add_all(1, [(None, f"note {number:02}", "text", None, None)])
    database.close()
    page = user.get("/")
    assert (page.html.h1.text, len(note_names(page))) == ("All notes (60)", 50)
    second = page.click(linkid=None, description="Next page")
    assert note_names(second)[-1] == "note 00"
    assert len(note_names(user.get("/?per_page=200"))) == 60
    assert "There is no page 9" in user.get("/?page=9").text


def test_markdown_is_shown_safely(user: TestApp) -> None:
    text = "# Plan\n\n**bold** <script>alert(1)</script> [x](javascript:alert(1)) ![pic](https://evil.example/a.png)"
    page = user.get(f"/notes/{add_note(user, 'Markdown', text)}/")
    article = page.html.article
    assert article.strong.text == "bold"
    assert article.h2.text == "Plan"
    assert not article.select("script, img, [href^=javascript]")


def test_a_note_can_be_shown_as_plain_text(user: TestApp) -> None:
    note = add_note(user, "Plain", "**bold** & <b>")
    assert user.get(f"/notes/{note}/?plain=1").html.pre.text == "**bold** & <b>"


def test_the_password_is_changed_and_other_browsers_are_signed_out(user: TestApp) -> None:
    second = other_browser(user)
    sign_in(second, "user@example.com")
    values = {
        "old_password": "correct horse",
        "new_password": "battery staple",
        "repeat_new_password": "battery staple",
    }
    submit(user, "/settings/", **values)
    assert user.get("/").status_int == 200
    assert second.get("/").location == "/signin/"
    assert sign_in(second, "user@example.com").status_int == 200
    assert sign_in(second, "user@example.com", "battery staple").status_int == 303


@pytest.mark.parametrize("field", ["old_password", "new_password", "repeat_new_password"])
def test_the_password_is_not_changed_with_a_field_missing_or_wrong(user: TestApp, field: str) -> None:
    values = {
        "old_password": "correct horse",
        "new_password": "battery staple",
        "repeat_new_password": "battery staple",
    }
    assert field in errors(submit(user, "/settings/", **{**values, field: ""}))
    wrong = "short" if field == "new_password" else "something else"
    assert errors(submit(user, "/settings/", **{**values, field: wrong}))


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(user: TestApp, mails: list[Any]) -> None:
    guest = other_browser(user)
    submit(guest, "/forgot-password/", email="User@example.com")
    (mail,) = mails
    assert mail["To"] == "user@example.com"
    link = mail.get_content().split("http://127.0.0.1:8080")[1].split()[0]
    values = {"new_password": "battery staple", "repeat_new_password": "battery staple"}
    guest.get(link)
    assert submit(guest, link, **values).location == "/signin/"
    assert user.get("/").location == "/signin/"
    assert guest.get(link).location == "/forgot-password/"
    assert sign_in(guest, "user@example.com", "battery staple").location == "/"


def test_a_reset_link_expires_and_a_new_one_replaces_it(user: TestApp, mails: list[Any]) -> None:
    from app.data.models import PasswordReset, database, now

    guest = other_browser(user)
    for _ in range(2):
        submit(guest, "/forgot-password/", email="user@example.com")
    first, second = (mail.get_content().split("8080")[1].split()[0] for mail in mails)
    assert guest.get(first).status_int == 303
    assert guest.get(second).status_int == 200
    PasswordReset.update(expires_at=now()).execute()
    database.close()
    assert guest.get(second).status_int == 303


def test_the_answer_is_the_same_for_an_unknown_address(user: TestApp, mails: list[Any]) -> None:
    guest = other_browser(user)
    pages = [
        submit(guest, "/forgot-password/", email=email).follow() for email in ("user@example.com", "no@example.com")
    ]
    assert pages[0].html.main.text == pages[1].html.main.text
    assert len(mails) == 1


def test_all_notes_are_exported_as_json_and_markdown(user: TestApp) -> None:
    pad = add_pad(user, "Ideas/../x")
    add_note(user, "Wishlist", "Bücher", pad=pad)
    add_note(user, "Loose")
    archive = zipfile.ZipFile(io.BytesIO(user.get("/settings/export/").body))
    document = json.loads(archive.read("notes.json"))
    assert [(note["name"], note["pad"]) for note in document["notes"]] == [("Wishlist", "Ideas/../x"), ("Loose", None)]
    texts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".md")}
    assert "# Wishlist\n\nBücher\n" in texts.values()
    assert not any(".." in name for name in texts)


def test_an_account_is_deleted_with_everything_in_it(user: TestApp) -> None:

    add_note(user, "Wishlist", pad=add_pad(user, "Ideas"))
    assert "password" in errors(submit(user, "/settings/delete/", password="wrong"))
    assert submit(user, "/settings/delete/", password="correct horse").location == "/signup/"
    assert user.get("/").location == "/signin/"
    counts = [database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("users", "pads", "notes", "sessions")]
    database.close()
    assert counts == [0, 0, 0, 0]
