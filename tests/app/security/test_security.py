"""What must never work, and what every answer must carry."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from webtest import TestApp

from app.data.models import User, database
from app.security import passwords
from app.security.passwords import Passwords
from app.security.sessions import own_path
from app.security.throttle import client_address
from app.web.forms import BODY_BYTES

from ..helpers import add_note, errors, main_form, other_browser, sign_in, sign_out, sign_up, submit

HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cache-Control")
BROKEN = ("/notes/%00/", "/notes/1%00/", "/?search=%FF%00", "/?order=%FF", "/?pad=%00")
FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}


@pytest.fixture
def settings(sqlite_settings: dict[str, Any]) -> dict[str, Any]:
    """SQLite alone: what is tested here does not depend on the database."""
    return sqlite_settings


def with_cookie(user: TestApp, value: str) -> TestApp:
    """Return another browser that sends that session cookie."""
    return TestApp(user.app, extra_environ={"HTTP_COOKIE": f"session={value}"})


@pytest.mark.parametrize("path", ["/", "/signin/", "/nothing/", "/healthz", "/notes/1/"])
def test_every_answer_has_the_security_headers(browser: TestApp, path: str) -> None:
    answer = browser.get(path, expect_errors=True)
    assert [name for name in HEADERS if name not in answer.headers] == []
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_every_post_needs_a_form_token(user: TestApp) -> None:
    routes = [route for route in user.app.application.routes if route.method == "POST"]
    paths = [route.rule.replace("<note_id:id>", "1").replace("<pad_id:id>", "1") for route in routes]
    for path in (path.replace("<token:token>", "x" * 43).replace("<token:signed>", "x" * 43) for path in paths):
        user.post(path, {"csrf_token": "forged"}, status=403)
        user.post(path, {}, status=403)
    assert len(paths) > 10


def test_a_form_token_of_another_browser_is_worth_nothing(user: TestApp) -> None:
    stolen = main_form(other_browser(user).get("/signin/"))["csrf_token"].value
    user.post("/pads/create/", {"csrf_token": stolen, "name": "Ideas"}, status=403)


def test_cookies_are_http_only_and_lax(user: TestApp) -> None:
    cookies = sign_in(other_browser(user), "user@example.com").headers.getall("Set-Cookie")
    assert cookies
    assert all("HttpOnly; SameSite=Lax" in cookie and "Secure" not in cookie for cookie in cookies)


def test_over_https_cookies_are_secure_and_bound_to_their_host(
    start: Callable[..., TestApp], settings: dict[str, Any]
) -> None:
    browser = start(**settings, public_url="https://notes.example.com")
    answer = browser.get("/signin/")
    assert answer.headers["Set-Cookie"].startswith("__Host-browser=")
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_signing_out_ends_a_copied_cookie_too(user: TestApp) -> None:
    thief = with_cookie(user, user.cookies["session"])
    assert thief.get("/").status_int == 200
    sign_out(user)
    assert thief.get("/").status_int == 303


def test_an_altered_cookie_is_nobodys(user: TestApp) -> None:
    session_id, signed_at, signature = user.cookies["session"].split(".")
    other = user.app.application.sessions._known.sign(session_id).decode()
    for value in (
        f"{session_id}.{signed_at[:-1]}x.{signature}",
        f"x{session_id}.{signed_at}.{signature}",
        f"{session_id}.{signed_at}",
        other,
        "..",
        "é",
        "a.b",
    ):
        thief = other_browser(user)
        thief.set_cookie("session", value.encode("ascii", "replace").decode())
        assert thief.get("/").status_int == 303


def test_signing_in_starts_a_new_session(user: TestApp) -> None:
    before = user.cookies["session"]
    sign_in(user, "user@example.com")
    assert user.cookies["session"] != before


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/\r\nX: y", "", "/é"],
)
def test_redirects_go_to_own_paths_only(target: str) -> None:
    assert own_path(target) == "/"


def test_a_body_that_is_too_long_is_413(user: TestApp) -> None:
    user.post("/notes/create/", b"text=" + b"x" * BODY_BYTES, extra_environ=FORM, status=413)


@pytest.mark.parametrize("framing", [{"HTTP_TRANSFER_ENCODING": "chunked"}, {"CONTENT_LENGTH": "1000"}])
def test_a_body_without_its_end_is_refused(user: TestApp, framing: dict[str, str]) -> None:
    environ = {**FORM, "CONTENT_LENGTH": "", **framing}
    request = user.RequestClass.blank("/notes/create/", environ, method="POST")
    request.environ["wsgi.input"] = io.BytesIO(b"name=Cut&text=half+a+no")
    assert user.do_request(request, expect_errors=True).status_int in (400, 411)
    assert "Cut" not in user.get("/")


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "application/json", "text/plain"])
def test_other_bodies_are_415(user: TestApp, content_type: str) -> None:
    user.post("/notes/create/", b"{}", extra_environ={"CONTENT_TYPE": content_type}, status=415)


@pytest.mark.parametrize("body", [b"name=%FF", b"name=\xff\xfe", b"name=%ED%A0%80"])
def test_broken_utf8_in_a_form_is_400(user: TestApp, body: bytes) -> None:
    user.post("/notes/create/", body, extra_environ=FORM, status=400)


@pytest.mark.parametrize("path", ["/notes/%00/", "/notes/1%00/", "/?search=%FF%00", "/?order=%FF", "/?pad=%00"])
def test_broken_addresses_do_no_harm(user: TestApp, path: str) -> None:
    assert user.get(path, expect_errors=True).status_int in (200, 400, 404)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "abc", "01", "9" * 19, "9" * 500, "%C2%B2", "1e3", "%2e%2e"])
def test_ids_that_are_not_ids_are_404(user: TestApp, number: str) -> None:
    for path in (f"/notes/{number}/", f"/pads/{number}/", f"/notes/{number}/edit/"):
        user.get(path, status=404)


def test_nul_characters_are_refused_beside_the_field(user: TestApp) -> None:
    page = submit(user, "/notes/create/", name="a\0b", text="c\0d")
    assert list(errors(page)) == ["name", "text"]
    assert submit(other_browser(user), "/signin/", email="a\0@b.co", password="x" * 8).status_int == 200


def test_guessing_one_password_is_stopped(user: TestApp) -> None:
    guest = other_browser(user)
    answers = [sign_in(guest, "user@example.com", f"wrong {number}").status_int for number in range(11)]
    assert answers == [200] * 10 + [429]
    refused = sign_in(guest, "user@example.com")
    assert (refused.status_int, refused.headers["Retry-After"]) == (429, "900")


def test_the_owner_can_sign_in_from_elsewhere_meanwhile(user: TestApp) -> None:
    form = main_form(other_browser(user).get("/signin/"))
    form["email"], form["password"] = "user@example.com", "wrong"
    for _ in range(11):
        form.submit(expect_errors=True)
    elsewhere = TestApp(user.app, extra_environ={"REMOTE_ADDR": "192.0.2.7"})
    assert sign_in(elsewhere, "user@example.com").status_int == 303


def test_a_success_forgives_the_failures_before_it(user: TestApp) -> None:
    for _ in range(3):
        for _ in range(6):
            sign_in(other_browser(user), "user@example.com", "wrong")
        assert sign_in(other_browser(user), "user@example.com").status_int == 303


def test_trying_many_accounts_from_one_address_is_stopped(browser: TestApp) -> None:
    form = main_form(browser.get("/signin/"))
    form["password"] = "wrong word"
    answers = []
    for number in range(101):
        form["email"] = f"user{number}@example.com"
        answers.append(form.submit(expect_errors=True).status_int)
    assert answers[-2:] == [200, 429]


def test_signing_up_and_resetting_are_throttled_too(browser: TestApp, mails: list[Any]) -> None:
    answers = [submit(browser, "/forgot-password/", email="user@example.com").status_int for _ in range(6)]
    assert answers == [303] * 5 + [429]
    values = {"email": "user@example.com", "password": "correct horse", "repeat_password": "correct horse"}
    answers = [submit(browser, "/signup/", **values).status_int for _ in range(11)]
    assert answers[-1] == 429


def test_counters_hold_no_addresses(user: TestApp) -> None:
    keys = [key for (key,) in database.rows("SELECT key FROM attempts")]
    database.close()
    assert keys
    assert not any("example" in key or "127" in key for key in keys)


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 1, "10.0.0.9"),
        ("203.0.113.5", 0, "10.0.0.9"),
        ("203.0.113.5", 1, "203.0.113.5"),
        ("1.2.3.4, 203.0.113.5", 1, "203.0.113.5"),
        ("1.2.3.4, 203.0.113.5, 10.1.1.1", 2, "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
        ("rubbish", 1, "unknown"),
    ],
)
def test_the_visitors_address_is_the_one_nobody_could_forge(forwarded: str, proxies: int, address: str) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": forwarded}
    assert client_address(environ, proxies) == address


def test_an_unknown_account_costs_a_hash_as_well(browser: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    hasher = passwords.HASHER

    class Counting:
        hash = staticmethod(hasher.hash)

        def verify(self, stored: str, password: str) -> bool:
            checked.append(stored)
            return hasher.verify(stored, password)

    monkeypatch.setattr(passwords, "HASHER", Counting())
    sign_in(browser, "nobody@example.com")
    assert len(checked) == 1


def test_the_production_hash_is_owasps() -> None:
    import importlib

    fresh = importlib.reload(passwords).HASHER
    assert (fresh.time_cost, fresh.memory_cost, fresh.parallelism, fresh.type.name) == (2, 19 * 1024, 1, "ID")


def test_an_outdated_hash_is_replaced_at_sign_in(user: TestApp) -> None:
    old = passwords.PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash("correct horse")
    User.update(password_hash=old).execute()
    database.close()
    sign_in(other_browser(user), "user@example.com")
    ((new,),) = database.rows("SELECT password_hash FROM users")
    database.close()
    assert new != old
    assert user.get("/").status_int == 200


def test_only_so_many_hashes_run_at_a_time() -> None:
    limited = Passwords(1)
    with limited._one_of_few():
        assert not limited._turn.acquire(blocking=False)
    assert limited._turn.acquire(blocking=False)


def test_a_failure_shows_no_detail(user: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("app.notes.notes.to_html", fail)
    page = user.get(f"/notes/{add_note(user, 'Wishlist')}/", status=500)
    assert "secret detail" not in page.text


def test_addresses_without_the_slash_lead_to_those_with(browser: TestApp) -> None:
    assert browser.get("/signin").location == "/signin/"
    browser.get("/nothing", status=404)
    browser.post("/signin", {}, status=308)


def test_static_files_may_be_kept_for_a_year(browser: TestApp) -> None:
    (path,) = (link["href"] for link in browser.get("/signin/").html.select("link[rel=stylesheet]"))
    answer = browser.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=UTF-8"
    browser.get("/static/style.css", status=404)
    browser.get("/static/..%2fapplication.py", status=404)


def test_no_page_asks_anything_of_another_host(user: TestApp) -> None:
    note = add_note(user, "Wishlist", "![x](https://evil.example/x.png)")
    for path in ("/", "/signin/", "/settings/", f"/notes/{note}/", "/notes/create/"):
        html = user.get(path).html
        loaded = [tag.get("src") or tag.get("href") for tag in html.select("[src], link[href]")]
        assert all(target.startswith("/") for target in loaded)
        assert not html.select("script, style, [style], [onclick]")


def test_two_people_signing_up_at_once_get_one_account(browser: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_up(other_browser(browser), "user@example.com")
    monkeypatch.setattr(User, "with_email", classmethod(lambda cls, email: None))
    values = {"email": "user@example.com", "password": "correct horse", "repeat_password": "correct horse"}
    assert "email" in errors(submit(browser, "/signup/", **values))
