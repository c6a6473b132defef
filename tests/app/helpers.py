"""What tests do in a browser, in words."""

from __future__ import annotations

import html
import re
from typing import Any

from webtest import Form, TestApp, TestResponse

from app.data.models import Attempts, Session, User, database
from tests.harness.application import PASSWORD, SECRET

__all__ = ["PASSWORD", "SECRET"]

FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
POSTED = re.compile(r"""<form\b[^>]*\bmethod=["']?post\b""")
ERROR = re.compile(r'<p class="error" id="(\w+)-error">(.*?)</p>', re.DOTALL)
# Buttons that stand on pages whose main part is another form: signing out, and undoing what was just done.
ASIDE = re.compile(r"""<form\b[^>]*\baction=["']?(/signout/|[^"'\s>]*/restore/)["'\s>]""")


def sign_up(browser: TestApp, email: str, password: str = "correct horse") -> TestResponse:
    """Create an account; the browser is signed in afterwards."""
    values = {"email": email, "password": password, "repeat_password": password}
    return submit(browser, "/signup/", **values).follow()


def sign_in(browser: TestApp, email: str, password: str = "correct horse") -> TestResponse:
    """Sign in."""
    return submit(browser, "/signin/", email=email, password=password)


def sign_out(browser: TestApp) -> TestResponse:
    """Sign out with the page's own button."""
    return form_to(browser.get("/signout/"), "/signout/").submit()


class SignedUp:
    """A browser where somebody signed up, to be had again on another empty database without the forms."""

    def __init__(self, browser: TestApp) -> None:
        self._cookies = list(browser.cookiejar)
        # Without its id, which each database counts for itself.
        self._user = dict(User.select(User.email, User.password_hash).dicts().get())
        self._others = [(model, list(model.select().dicts())) for model in (Session, Attempts)]
        database.close()

    def again(self, browser: TestApp) -> None:
        """Put it into a database that has nobody, and a browser that was nowhere."""
        User.insert(**self._user).execute()
        for model, rows in self._others:
            model.insert_many(rows).execute()
        database.close()
        for cookie in self._cookies:
            browser.cookiejar.set_cookie(cookie)


def submit(browser: TestApp, path: str, **values: Any) -> TestResponse:
    """Open a page, fill in its form and send it."""
    form = main_form(browser.get(path))
    for name, value in values.items():
        if name == "pad":
            form["pad"].force_value(str(value))
        else:
            form[name] = value
    return form.submit(expect_errors=True)


def main_form(page: TestResponse) -> Form:
    """Return the form of a page's main part: not the sign-out button, not the search."""
    (found,) = (text for text in FORM.findall(page.text) if POSTED.match(text) and not ASIDE.match(text))
    return Form(page, found)


def form_to(page: TestResponse, action: str) -> Form:
    """Return the first form of a page that is sent to an address."""
    return Form(page, next(text for text in FORM.findall(page.text) if f'action="{action}"' in text.partition(">")[0]))


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
    return {name: html.unescape(text) for name, text in ERROR.findall(page.text)}
