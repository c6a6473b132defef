"""What goes out comes in again: exports without loss, twice without doubles, and folders of Markdown files."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import pytest
from webtest import TestApp, Upload

from ..helpers import add_note, add_pad, errors, main_form, other_browser, sign_up
from .test_pages import note_names


def export(browser: TestApp) -> bytes:
    return bytes(browser.get("/settings/export/").body)


def document(content: bytes) -> dict[str, Any]:
    """Return the export's document without what belongs to an account: the address and the ids."""
    text = zipfile.ZipFile(io.BytesIO(content)).read("notes.json").decode()
    found = json.loads(re.sub(r'"(pad_)?id": \d+', r'"\1id": 0', text))
    return {**found, "email": ""}


def send(browser: TestApp, content: bytes, name: str = "notes.zip") -> Any:
    form = main_form(browser.get("/settings/import/"))
    form["file"] = Upload(name, content, "application/zip")
    return form.submit(expect_errors=True)


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def told(page: Any) -> str:
    return str(page.html.select_one(".notice p").text)


@pytest.fixture
def filled(user: TestApp) -> TestApp:
    """A browser of an account with pads of the same name, an empty pad, and notes alike."""
    first, second = add_pad(user, "Ideas"), add_pad(user, "Ideas")
    add_pad(user, "Empty")
    for pad in (first, second, first, ""):
        add_note(user, "Wishlist", "Bücher\n\n- [ ] one\n", pad=pad)
    add_note(user, "<b> & 日本", "x" * 100_000, pad=second)
    return user


def test_an_export_is_imported_without_loss(filled: TestApp) -> None:
    content = export(filled)
    other = other_browser(filled)
    sign_up(other, "other@example.com")
    assert told(send(other, content)) == "Notes added: 5. There already: 0. New pads: 3."
    assert document(export(other)) == document(content)


def test_importing_twice_or_where_it_came_from_changes_nothing(filled: TestApp) -> None:
    content = export(filled)
    for _ in range(2):
        assert told(send(filled, content)) == "Notes added: 0. There already: 5. New pads: 0."
    assert document(export(filled)) == document(content)


def test_an_edited_note_is_kept_beside_the_imported_one(filled: TestApp) -> None:
    content = export(filled)
    form = main_form(filled.get("/notes/1/edit/"))
    form["text"] = "changed"
    form.submit()
    assert told(send(filled, content)) == "Notes added: 1. There already: 4. New pads: 0."
    assert "changed" in filled.get("/notes/1/").text


def test_a_folder_of_markdown_files_becomes_pads_and_notes(user: TestApp) -> None:
    files = {
        "Trips/Olga.md": "# Amsterdam\n\nBy train",
        "Trips/2027/plan.markdown": "No heading",
        "loose.txt": "\ufeffWith a mark at the start",
        "empty.md": "",
        "picture.png": "not a note",
        ".hidden/x.md": "hidden",
        "__MACOSX/Trips/._Olga.md": "hidden",
    }
    assert told(send(user, zipped(**files))) == "Notes added: 4. There already: 0. New pads: 2."
    assert sorted(note_names(user.get("/"))) == ["Amsterdam", "empty", "loose", "plan"]
    assert [link.text for link in user.get("/").html.select(".pads li a")] == ["Trips", "Trips / 2027"]
    assert told(send(user, zipped(**files))) == "Notes added: 0. There already: 4. New pads: 0."


def test_what_cannot_be_a_note_is_told(user: TestApp) -> None:
    page = send(user, zipped(**{"long.md": "x" * 100_001, "good.md": "text"}))
    assert told(page) == "Notes added: 1. There already: 0. New pads: 0."
    assert page.html.li.find_parent("main").li.text == "long: longer than 100,000 characters"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a zip"),
        (b"rubbish" * 100, "not a zip"),
        (zipped(), "no notes in it"),
        (zipped(**{"a.png": "x"}), "no notes in it"),
        (zipped(**{"notes.json": "[]"}), "not one that Notejam wrote"),
        (zipped(**{"notes.json": '{"pads": [], "notes": [{"pad": null, "name": 1}]}'}), "not one that Notejam wrote"),
    ],
)
def test_a_wrong_file_is_explained(user: TestApp, content: bytes, words: str) -> None:
    page = send(user, content)
    assert page.status_int == 400
    assert words in errors(page)["file"]


def test_an_archive_that_unpacks_to_too_much_is_refused(user: TestApp) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.md", b"0" * 65_000_000)
    assert "more than 64 MB" in errors(send(user, buffer.getvalue()))["file"]


def test_only_ones_own_form_imports(user: TestApp) -> None:
    fields = {"csrf_token": "forged"}
    user.post("/settings/import/", fields, upload_files=[("file", "n.zip", zipped(**{"a.md": "x"}))], status=403)
    assert note_names(user.get("/")) == []
