"""What tests do in a browser, in words."""

from __future__ import annotations

import re
from typing import Any

from webtest import TestApp, TestResponse

from app.data.models import database
from tests.harness.application import PASSWORD, SECRET

__all__ = ["PASSWORD", "SECRET"]

# Buttons that stand on pages whose main part is another form: signing out, and undoing what was just done.
ASIDE = re.compile(r"^/signout/$|/restore/$")


def sign_up(browser: TestApp, email: str, password: str = "correct horse") -> TestResponse:
    """Create an account; the browser is signed in afterwards."""
    values = {"email": email, "password": password, "repeat_password": password}
    return submit(browser, "/signup/", **values).follow()


def sign_in(browser: TestApp, email: str, password: str = "correct horse") -> TestResponse:
    """Sign in."""
    return submit(browser, "/signin/", email=email, password=password)


def sign_out(browser: TestApp) -> TestResponse:
    """Sign out with the page's own button."""
    return next(form for form in _forms(browser.get("/signout/")) if form.action == "/signout/").submit()


def submit(browser: TestApp, path: str, **values: Any) -> TestResponse:
    """Open a page, fill in its form and send it."""
    form = main_form(browser.get(path))
    for name, value in values.items():
        if name == "pad":
            form["pad"].force_value(str(value))
        else:
            form[name] = value
    return form.submit(expect_errors=True)


def main_form(page: TestResponse) -> Any:
    """Return the form of a page's main part: not the sign-out button, not the search."""
    (found,) = (form for form in _forms(page) if form.method.upper() == "POST" and not ASIDE.search(form.action))
    return found


def _forms(page: TestResponse) -> list[Any]:
    # A form without an id is in this dictionary once, by its number.
    return list({id(form): form for form in page.forms.values()}.values())


def other_browser(browser: TestApp) -> TestApp:
    """Return a second browser of the same application."""
    return TestApp(browser.app)


def add_pad(browser: TestApp, name: str) -> int:
    """Create a pad and return its id."""
    return int(submit(browser, "/pads/create/", name=name).location.split("/")[-2])


def add_note(browser: TestApp, name: str, text: str = "Some text", pad: int | str = "") -> int:
    """Create a note and return its id."""
    submit(browser, "/notes/create/", name=name, text=text, pad=pad)
    rows = database.rows("SELECT max(id) FROM notes")
    database.close()
    return int(rows[0][0])


def errors(page: TestResponse) -> dict[str, str]:
    """Return the messages beside the fields of a form."""
    return {tag["id"].removesuffix("-error"): tag.text for tag in page.html.select("p.error")}
