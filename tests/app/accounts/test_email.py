"""Another address counts once it has shown that it receives mail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from webtest import TestApp

from ..helpers import errors, main_form, other_browser, sign_in, sign_up, submit

OLD, NEW = "user@example.com", "new@example.com"


def asked(user: TestApp, mails: list[Any], new: str = NEW, password: str = "correct horse") -> str:
    """Ask for another address and return the letter's link, if there is one."""
    submit(user, "/settings/email/", email=new, password=password)
    found = re.search(r"/settings/email/[A-Za-z0-9_.-]+/", mails[-1].get_content()) if mails else None
    return found[0] if found else ""


def test_the_new_address_counts_when_its_link_is_followed(user: TestApp, mails: list[Any]) -> None:
    link = asked(user, mails)
    assert mails[-1]["To"] == NEW
    assert sign_in(other_browser(user), NEW).status_int == 200
    main_form(user.get(link)).submit()
    assert sign_in(other_browser(user), NEW).status_int == 303
    assert sign_in(other_browser(user), OLD).status_int == 200
    assert mails[-1]["To"] == OLD
    assert NEW in user.get("/settings/")


def test_a_link_works_once_and_looking_at_it_changes_nothing(user: TestApp, mails: list[Any]) -> None:
    link = asked(user, mails)
    for _ in range(2):
        form = main_form(user.get(link))
    form.submit()
    answer = form.submit().follow()
    assert "expired or was used" in answer


@pytest.mark.parametrize(
    "change", [lambda link: link[:-5] + "abcd/", lambda link: link.replace("email/", "email/x", 1)]
)
def test_an_altered_link_is_worth_nothing(user: TestApp, mails: list[Any], change: Any) -> None:
    assert user.get(change(asked(user, mails)), expect_errors=True).status_int in (303, 404)
    assert sign_in(other_browser(user), OLD).status_int == 303


def test_an_address_with_an_account_is_not_told_apart(user: TestApp, mails: list[Any]) -> None:
    sign_up(other_browser(user), NEW)
    assert asked(user, mails) == ""
    assert mails[-1]["To"] == NEW
    assert "has an account already" in mails[-1].get_content()


def test_the_address_cannot_be_changed_without_the_password(user: TestApp, mails: list[Any]) -> None:
    page = submit(user, "/settings/email/", email=NEW, password="wrong horse")
    assert "password" in errors(page)
    assert mails == []
