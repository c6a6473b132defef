"""Whatever people, or programs, type: no form fails, and what was typed is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webtest import TestApp

from app.security.throttle import Throttle

from ..helpers import add_note, add_pad, sign_up

FORMS = {
    "/signup/": ("email", "password", "repeat_password"),
    "/signin/": ("email", "password", "next"),
    "/forgot-password/": ("email",),
    "/settings/": ("old_password", "new_password", "repeat_new_password"),
    "/settings/delete/": ("password",),
    "/settings/email/": ("email", "password"),
    "/notes/create/": ("name", "text", "pad"),
    "/notes/1/edit/": ("name", "text", "pad"),
    "/pads/create/": ("name",),
    "/pads/1/edit/": ("name",),
    "/reset-password/" + "x" * 43 + "/": ("new_password", "repeat_new_password"),
}
SECRETS = ("password", "repeat_password", "old_password", "new_password", "repeat_new_password")
ENCODED = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
AWKWARD = ("", " ", "\0", "a" * 101, "<script>", "1", "-1", "user@example.com", "\u202e", "\r\n", "9" * 30)
anything = st.one_of(st.sampled_from(AWKWARD), st.text(max_size=120))
relaxed = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def visitor(
    start: Callable[..., TestApp], settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[TestApp, str]:
    """A signed-in browser with one pad and one note, nobody counting attempts, and its form token."""
    browser = start(**settings)
    monkeypatch.setattr(Throttle, "refuses", lambda self, action, account, known="": False)
    sign_up(browser, "owner@example.com")
    add_note(browser, "Wishlist", pad=add_pad(browser, "Ideas"))
    token = browser.get("/settings/").html.select_one("[name=csrf_token]")["value"]
    cookies = "; ".join(f"{name}={browser.cookies[name]}" for name in ("session", "browser"))
    return TestApp(browser.app, extra_environ={"HTTP_COOKIE": cookies}), token


def send(browser: TestApp, path: str, fields: dict[str, str]) -> Any:
    """Post fields as a browser would encode them, whatever they hold."""
    body = urlencode(fields, errors="surrogatepass").encode()
    return browser.post(path, body, extra_environ=ENCODED, expect_errors=True)


@pytest.mark.parametrize("path", FORMS)
def test_no_form_fails_and_what_was_typed_is_kept(visitor: tuple[TestApp, str], path: str) -> None:
    browser, token = visitor

    @relaxed
    @given(st.fixed_dictionaries(dict.fromkeys(FORMS[path], anything)))
    def check(fields: dict[str, str]) -> None:
        answer = send(browser, path, {"csrf_token": token, **fields})
        assert answer.status_int in (200, 303, 400, 409)
        if answer.status_int in (200, 409):
            check_kept(answer.text, fields)

    check()


def check_kept(html: str, fields: dict[str, str]) -> None:
    """Every value but a password stands in its field again, and at least one error says why."""
    page = BeautifulSoup(html[html.index("<main") :], "html.parser")
    assert page.select("p.error, p.notice")
    for name in set(fields) - {*SECRETS, "pad", "next"}:
        tag = page.select_one(f"[name={name}]")
        shown = tag.text if tag.name == "textarea" else tag["value"]
        assert same(shown.removeprefix("\n"), fields[name])
    assert not any(tag.get("value") for tag in page.select("[type=password]"))


def same(shown: str, typed: str) -> bool:
    """Compare what a parser shows with what was typed; parsers replace NUL and line ends."""

    def plain(text: str) -> str:
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")

    return plain(shown).strip() == plain(typed).strip()


def test_any_bytes_may_be_sent(visitor: tuple[TestApp, str]) -> None:
    browser, token = visitor

    @relaxed
    @given(st.binary(max_size=200))
    def check(body: bytes) -> None:
        for prefix in (b"", f"csrf_token={token}&name=".encode()):
            answer = browser.post("/pads/create/", prefix + body, extra_environ=ENCODED, expect_errors=True)
            assert answer.status_int in (200, 303, 400, 403)

    check()


def test_any_query_may_be_asked(visitor: tuple[TestApp, str]) -> None:
    browser, _ = visitor

    @relaxed
    @given(st.dictionaries(st.sampled_from(["order", "page", "per_page", "search", "pad", "plain"]), anything))
    def check(query: dict[str, str]) -> None:
        asked = urlencode(query, errors="surrogatepass")
        for path in ("/", "/pads/1/", "/notes/create/", "/notes/1/"):
            assert browser.get(f"{path}?{asked}", expect_errors=True).status_int == 200

    check()


def test_any_search_finds_the_note_that_holds_it(visitor: tuple[TestApp, str]) -> None:
    browser, token = visitor

    @relaxed
    @given(st.text(st.characters(categories=["Ll", "Lu", "Nd"], max_codepoint=0x24F), min_size=1, max_size=30))
    def check(word: str) -> None:
        assert send(browser, "/notes/create/", {"csrf_token": token, "name": "n", "text": word}).status_int == 303
        found = browser.get(f"/?search={quote(word)}").html
        assert found.select("table.notes td a"), word

    check()


def test_any_cookie_may_be_sent(visitor: tuple[TestApp, str]) -> None:
    browser, _ = visitor

    @relaxed
    @given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80))
    def check(value: str) -> None:
        other = TestApp(browser.app, extra_environ={"HTTP_COOKIE": f"session={value}; guest={value}; flash={value}"})
        assert other.get("/").status_int == 303
        assert other.get("/signin/").status_int == 200

    check()
