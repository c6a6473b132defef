"""A visitor who uses Notejam as a person with a browser does: follows links, fills forms in, keeps cookies."""

from __future__ import annotations

import dataclasses
import http.client
import http.cookies
import secrets
import socket
import ssl
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 5
NOTE = "First note"


class SmokeError(RuntimeError):
    """A page is not what a visitor expects."""


@dataclasses.dataclass(frozen=True)
class Page:
    """What was answered to a request; header names are in small letters."""

    path: str
    status: int
    headers: Mapping[str, str]
    text: str

    def must_show(self, words: str) -> Page:
        """Return the page, or raise SmokeError when the words are not on it."""
        if words not in self.text:
            raise SmokeError(f"{self.path} answers {self.status} without {words!r}")
        return self


class SmokeClient:
    """Talks to what answers at `network_address` (host:port) as to the site `host`, over HTTPS given what it trusts."""

    def __init__(self, network_address: str, host: str, trusted: ssl.SSLContext | None = None) -> None:
        self.network_address = network_address
        self.host = host
        self.trusted = trusted
        self.cookies: dict[str, str] = {}

    def open(self, path: str) -> Page:
        """Open a page, wherever it redirects to."""
        return self._follow("GET", path)

    def submit(self, page: Page, action: str, **fields: str) -> Page:
        """Fill in the form of a page that goes to `action`, hidden fields as they are, and send it."""
        found = _Forms(page.path)
        found.feed(page.text)
        if action not in found.forms:
            raise SmokeError(f"{page.path} has no form for {action}")
        return self._follow("POST", action, urlencode({**found.forms[action], **fields}))

    def _follow(self, method: str, path: str, body: str | None = None) -> Page:
        for _ in range(MOST_REDIRECTS):
            page = self.ask(path, method, body)
            if page.status not in REDIRECTS:
                return page
            target = urlsplit(urljoin(path, page.headers["location"]))
            method, path, body = "GET", target.path + (f"?{target.query}" if target.query else ""), None
        raise SmokeError(f"{path} redirects for ever")

    def ask(self, path: str, method: str = "GET", body: str | None = None) -> Page:
        """Ask once, and return the answer as it is, redirects too."""
        connection = self._connection()
        headers = {"Host": self.host, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if body is not None:
            scheme = "https" if self.trusted else "http"
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"{scheme}://{self.host}"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        self._keep_cookies(answer.headers.get_all("Set-Cookie") or [])
        connection.close()
        return Page(path, answer.status, {key.lower(): value for key, value in answer.getheaders()}, text)

    def _connection(self) -> http.client.HTTPConnection:
        if self.trusted is None:
            return http.client.HTTPConnection(self.network_address, timeout=40)
        connection = http.client.HTTPSConnection(self.network_address, timeout=40, context=self.trusted)
        plain = socket.create_connection((connection.host, connection.port), timeout=40)
        # The certificate is the site's, which stands at another address here.
        connection.sock = self.trusted.wrap_socket(plain, server_hostname=self.host)
        return connection

    def _keep_cookies(self, lines: list[str]) -> None:
        """Keep cookies as a browser does; over HTTPS each must be its host's alone and never go in clear."""
        for line in lines:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                if self.trusted and not (name.startswith("__Host-") and morsel["secure"] and morsel["path"] == "/"):
                    raise SmokeError(f"the cookie {name} is not bound to its host over HTTPS: {line.partition('=')[2]}")
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)


class _Forms(HTMLParser):
    """Collects the hidden fields of each form by where the form goes."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.forms: dict[str, dict[str, str]] = {}
        self.current: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post":
            self.current = self.forms.setdefault(given.get("action") or urlsplit(self.path).path, {})
        elif tag == "input" and given.get("type") == "hidden" and self.current is not None:
            self.current[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.current = None


def walk(visitor: SmokeClient, tell: Callable[[str], None]) -> dict[str, str]:
    """Walk through sign-up, a pad, a note, sign-out and sign-in, and return who did: `email` and `password`.

    Raises SmokeError at the first page that is wrong.
    """
    account = {"email": f"visitor-{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(16)}
    sign_up(visitor, **account)
    tell(f"signed up as {account['email']}")
    visitor.submit(visitor.open("/pads/create/"), "/pads/create/", name="Rehearsal").must_show("Rehearsal")
    tell("made a pad")
    note = visitor.submit(visitor.open("/notes/create/"), "/notes/create/", name=NOTE, text="It *works*.", pad="")
    note.must_show(NOTE)
    visitor.open("/").must_show(NOTE)
    tell("wrote a note and found it in the list")
    visitor.submit(visitor.open("/"), "/signout/").must_show("Sign in")
    tell("signed out")
    find(visitor, account)
    tell("signed in again; the note is there")
    return account


def find(visitor: SmokeClient, account: Mapping[str, str]) -> None:
    """Sign in and find the note that `walk` wrote. Raises SmokeError when it is not there."""
    sign_in(visitor, **account)
    visitor.open("/").must_show(NOTE)


def sign_up(visitor: SmokeClient, email: str, password: str) -> None:
    """Sign up, and in where signing up does not do that by itself."""
    form = visitor.open("/signup/")
    visitor.submit(form, "/signup/", email=email, password=password, repeat_password=password)
    if email not in visitor.open("/").text:
        sign_in(visitor, email, password)


def sign_in(visitor: SmokeClient, email: str, password: str) -> None:
    """Sign in."""
    visitor.submit(visitor.open("/signin/"), "/signin/", email=email, password=password)
    visitor.open("/").must_show(email)
