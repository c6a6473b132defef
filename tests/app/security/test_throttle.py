"""Guessing is slowed down, and the owner of an account is not."""

from __future__ import annotations

from webtest import TestApp

from ..helpers import main_form, other_browser, sign_in, sign_up

OWNER = "user@example.com"


def at(browser: TestApp, address: str) -> TestApp:
    """Return a browser at another address."""
    return TestApp(browser.app, extra_environ={"REMOTE_ADDR": address})


def guess(browser: TestApp, times: int, password: str = "wrong", email: str = OWNER) -> list[int]:
    """Send the form to sign in that often, opened once."""
    sent = {"csrf_token": main_form(browser.get("/signin/"))["csrf_token"].value, "email": email, "password": password}
    return [browser.post("/signin/", sent, expect_errors=True).status_int for _ in range(times)]


def test_one_address_cannot_lock_the_owner_out(user: TestApp) -> None:
    answers = guess(at(user, "203.0.113.5"), 110)
    assert answers.count(200) == 10
    assert sign_in(at(user, "198.51.100.7"), OWNER).status_int == 303


def test_many_addresses_lock_strangers_out_but_not_a_known_browser(user: TestApp) -> None:
    for number in range(12):
        guess(at(user, f"203.0.113.{number}"), 10)
    assert sign_in(at(user, "198.51.100.7"), OWNER).status_int == 429
    assert sign_in(user, OWNER).status_int == 303


def test_a_known_browser_may_not_guess_for_ever_either(user: TestApp) -> None:
    assert guess(user, 12)[-2:] == [429, 429]


def test_a_known_browser_is_known_to_its_own_account_only(user: TestApp) -> None:
    sign_up(other_browser(user), "other@example.com")
    for number in range(12):
        guess(at(user, f"203.0.113.{number}"), 10, email="other@example.com")
    assert sign_in(user, "other@example.com").status_int == 429


def test_many_people_can_sign_in_from_one_address(user: TestApp) -> None:
    office = at(user, "203.0.113.5")
    sent = {"csrf_token": main_form(office.get("/signin/"))["csrf_token"].value, "email": OWNER}
    cookie = {"REMOTE_ADDR": "203.0.113.5", "HTTP_COOKIE": f"browser={office.cookies['browser']}"}
    answers = set()
    for _ in range(120):
        guest = TestApp(user.app, extra_environ=cookie)
        answers.add(guest.post("/signin/", {**sent, "password": "correct horse"}).status_int)
    assert answers == {303}
