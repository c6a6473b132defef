"""Sessions: they go on while they are used, work in every tab, and can be ended everywhere."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from itsdangerous import TimestampSigner
from webtest import TestApp

from app.data.models import Session, database, now
from app.security.sessions import browser_name

from ..helpers import main_form, other_browser, sign_in, sign_out, submit

DAY = 86400


def age(user: TestApp, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Sign in as it would have been done that long ago."""
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: int(time.time() - seconds))
    sign_in(user, "user@example.com")
    monkeypatch.undo()
    ends = now() + dt.timedelta(days=30, seconds=-seconds)
    Session.update(expires_at=ends, seen_at=now() - dt.timedelta(seconds=seconds)).execute()
    database.close()


def test_a_session_in_use_does_not_end(user: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    age(user, monkeypatch, 20 * DAY)
    before = user.cookies["session"]
    assert user.get("/").status_int == 200
    assert user.cookies["session"] != before
    ((ends,),) = database.rows("SELECT max(expires_at) FROM sessions")
    database.close()
    assert dt.datetime.fromisoformat(str(ends)) > now() + dt.timedelta(days=29)


def test_a_session_is_renewed_once_an_hour_at_most(user: TestApp) -> None:
    assert "session=" not in str(user.get("/").headers)


def test_a_session_that_nobody_used_ends(user: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    age(user, monkeypatch, 31 * DAY)
    assert user.get("/").status_int == 303


def test_a_page_without_a_form_leaves_the_forms_of_others_alone(user: TestApp) -> None:
    answer = other_browser(user).get("/favicon.ico", status=404)
    assert "Set-Cookie" not in answer.headers


def test_two_tabs_with_the_sign_in_form_both_work(user: TestApp) -> None:
    browser = other_browser(user)
    tabs = [main_form(browser.get("/signin/")) for _ in range(2)]
    for tab in tabs:
        tab["email"], tab["password"] = "user@example.com", "correct horse"
        assert tab.submit().status_int == 303


def test_a_form_opened_before_the_session_ended_works_after_signing_in_again(user: TestApp) -> None:
    form = main_form(user.get("/notes/create/"))
    Session.delete().execute()
    database.close()
    sign_in(user, "user@example.com")
    form["name"], form["text"] = "Kept", "words"
    assert form.submit().status_int == 303


def test_a_form_opened_before_signing_out_is_refused(user: TestApp) -> None:
    form = main_form(user.get("/pads/create/"))
    sign_out(user)
    sign_in(user, "user@example.com")
    form["name"] = "Ideas"
    assert form.submit(expect_errors=True).status_int == 403


def test_an_address_alone_signs_nobody_out(user: TestApp) -> None:
    assert "Sign out of this browser?" in user.get("/signout/")
    assert user.get("/").status_int == 200


def test_one_can_see_and_end_the_other_sessions(user: TestApp) -> None:
    phone = TestApp(user.app, extra_environ={"HTTP_USER_AGENT": "Mozilla/5.0 (Android 15) Firefox/140.0"})
    sign_in(phone, "user@example.com")
    assert "Firefox on Android" in user.get("/settings/sessions/")
    submit(user, "/settings/sessions/")
    assert phone.get("/").status_int == 303
    assert user.get("/").status_int == 200
    assert "Firefox on Android" not in user.get("/settings/sessions/")


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_session_is_shown_by_its_browser(agent: str, name: str) -> None:
    assert browser_name(agent) == name


@pytest.mark.parametrize("header", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1:8080"}])
def test_of_two_pages_opened_at_once_on_a_first_visit_both_work(browser: TestApp, header: dict[str, str]) -> None:
    first, second = (main_form(other_browser(browser).get("/signup/"))["csrf_token"].value for _ in range(2))
    late = TestApp(browser.app, extra_environ={"HTTP_COOKIE": main_cookie(browser)})
    for number, token in enumerate((first, second)):
        sent = {"email": f"{number}@example.com", "password": "correct horse", "repeat_password": "correct horse"}
        late.post("/signup/", {"csrf_token": token, **sent}, headers=header, status=303)


def main_cookie(browser: TestApp) -> str:
    browser.get("/signin/")
    return f"browser={browser.cookies['browser']}"


@pytest.mark.parametrize(
    "header",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:8080.example.com"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_of_another_site_signs_nobody_in(browser: TestApp, header: dict[str, str]) -> None:
    sent = {"csrf_token": "forged", "email": "a@example.com", "password": "correct horse"}
    browser.post("/signin/", sent, headers=header, status=403)


def test_what_acts_for_somebody_needs_its_token_wherever_it_comes_from(user: TestApp) -> None:
    for path in ("/notes/create/", "/signout/", "/settings/delete/"):
        user.post(path, {"csrf_token": "forged"}, headers={"Sec-Fetch-Site": "same-origin"}, status=403)
