"""Who is asking: signed cookies, the visitor behind them, and the tokens that protect forms.

A session cookie that is forged, altered or too old costs no query; one that is genuine is looked up, in the query that
also brings what every page shows, so signing out and changing the password end it at once. A session in use goes on:
its cookie and its row are renewed once an hour.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import os
import re
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import quote

from bottle import HTTPResponse, request, response
from itsdangerous import BadSignature

from ..data.models import Session, Visitor, now
from .signing import new_signer

SESSION_SECONDS = 30 * 86400
SECONDS_BETWEEN_RENEWALS = 3600
# Browsers keep no cookie for longer than 400 days.
BROWSER_SECONDS = 365 * 86400
LONGEST_COOKIE = 200
TOKEN_FIELD = "csrf_token"
RANDOM_TEXT = re.compile(r"[A-Za-z0-9_-]{22}")


class Sessions:
    """The cookies of one deployment; over https they can neither be read nor set by anything but its own host.

    `session` names a session. `browser` is a random number that form tokens are bound to: it outlives the session, so
    that a form opened before one ended still works after signing in again. `known` says which account signed in here.
    """

    def __init__(self, secret: str, secure: bool) -> None:
        prefix = "__Host-" if secure else ""
        self.session_cookie = f"{prefix}session"
        self.browser_cookie = f"{prefix}browser"
        self.known_cookie = f"{prefix}known"
        self.flash_cookie = f"{prefix}flash"
        self._sessions = new_signer(secret, "session")
        self._forms = new_signer(secret, "form")
        self._known = new_signer(secret, "known")
        self.secure = secure
        # A signature that was right stays right: checking one anew at every click would cost a twentieth of a page.
        self._unsigned = lru_cache(maxsize=2048)(self._unsign)
        self._token = lru_cache(maxsize=2048)(lambda browser: self._forms.get_signature(browser).decode())

    def start(self, user_id: int, email: str) -> None:
        """Sign this browser in, under a new id: one somebody planted before is worth nothing."""
        session_id = request.environ["notejam.session"] = random_text(16)
        request.environ.pop("notejam.visitor", None)
        agent = request.environ.get("HTTP_USER_AGENT", "")
        Session.start(session_id, user_id, now() + dt.timedelta(seconds=SESSION_SECONDS), browser_name(agent))
        self._give(session_id)
        known = f"{digest(email)}.{random_text(16)}"
        self.set_cookie(self.known_cookie, self._known.sign(known).decode(), max_age=BROWSER_SECONDS)

    def end(self) -> None:
        """Sign this browser out, here and in the database; forms that were opened here are worth nothing any more."""
        session_id = self.session_id()
        if session_id:
            Session.end(session_id)
        self.set_cookie(self.session_cookie, "", max_age=0)
        self._new_browser()

    def session_id(self) -> str:
        """Return the session the cookie names, or an empty string when it is not genuine or too old."""
        environ = request.environ
        if "notejam.session" not in environ:
            environ["notejam.session"], environ["notejam.session_age"] = self._read()
        found: str = environ["notejam.session"]
        return found

    def visitor(self) -> Visitor | None:
        """Return who is signed in; asks the database at most once a request."""
        environ = request.environ
        if "notejam.visitor" not in environ:
            session_id = self.session_id()
            visitor = environ["notejam.visitor"] = Session.visitor(session_id) if session_id else None
            environ["notejam.user_id"] = visitor and visitor.user_id
            if visitor and environ.get("notejam.session_age", 0) > SECONDS_BETWEEN_RENEWALS:
                Session.renew(session_id, now() + dt.timedelta(seconds=SESSION_SECONDS))
                self._give(session_id)
        found: Visitor | None = environ["notejam.visitor"]
        return found

    def known(self, email: str) -> str:
        """Return a name for this browser if that account signed in here before, else an empty string."""
        try:
            account, _, name = self._known.unsign(cookie(self.known_cookie), max_age=BROWSER_SECONDS).partition(b".")
        except BadSignature:
            return ""
        return name.decode() if account.decode() == digest(email) else ""

    def form_token(self) -> str:
        """Return the token this browser's forms carry."""
        token: str = self._token(self._browser() or self._new_browser())
        return token

    def check_token(self, token: str) -> bool:
        """Whether a form was made for this browser."""
        browser = self._browser()
        return bool(browser) and self._forms.verify_signature(browser, token.encode(errors="replace"))

    def set_cookie(self, name: str, value: str, max_age: int | None = None) -> None:
        """Set a cookie the way all of ours are: HttpOnly, SameSite=Lax, and Secure over https."""
        age = "" if max_age is None else f"; Max-Age={max_age}"
        secure = "; Secure" if self.secure else ""
        response.add_header("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}")

    def _give(self, session_id: str) -> None:
        self.set_cookie(self.session_cookie, self._sessions.sign(session_id).decode(), max_age=SESSION_SECONDS)

    def _read(self) -> tuple[str, float]:
        """Return the session the cookie names and the cookie's age in seconds."""
        value = cookie(self.session_cookie)
        if not value:
            return "", 0
        session_id, signed_at = self._unsigned(value[:LONGEST_COOKIE])
        age = time.time() - signed_at
        return (session_id, age) if session_id and age <= SESSION_SECONDS else ("", 0)

    def _unsign(self, value: str) -> tuple[str, float]:
        """Return the session of a cookie and when it was signed, or an empty string when it is forged."""
        try:
            session_id, signed_at = self._sessions.unsign(value, return_timestamp=True)
        except BadSignature:
            return "", 0
        return session_id.decode(), signed_at.timestamp()

    def _browser(self) -> str:
        browser: str = request.environ.get("notejam.browser") or cookie(self.browser_cookie)
        return browser if RANDOM_TEXT.fullmatch(browser) else ""

    def _new_browser(self) -> str:
        browser = request.environ["notejam.browser"] = random_text(16)
        self.set_cookie(self.browser_cookie, browser, max_age=BROWSER_SECONDS)
        return browser


def cookie(name: str) -> str:
    """Return a cookie of the request; ours hold no quotes, so the standard library's slow parser is not needed."""
    start = f"{name}="
    for part in request.environ.get("HTTP_COOKIE", "").split(";"):
        if part.strip().startswith(start):
            return str(part.strip()[len(start) :])
    return ""


def random_text(size: int) -> str:
    """Return that many random bytes in the alphabet of cookies and URLs."""
    return base64.urlsafe_b64encode(os.urandom(size)).rstrip(b"=").decode()


def digest(value: str) -> str:
    """Return the SHA-256 of a token, which is what the database keeps of it."""
    return hashlib.sha256(value.encode()).hexdigest()


def browser_name(agent: str) -> str:
    """Say in few words which browser that is, for the list of sessions: "Firefox on Linux"."""
    browser = next((name for name, mark in _BROWSERS if mark in agent), "A browser")
    system = next((name for name, mark in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


# In this order: each of the first names the later ones in its own mark too.
_BROWSERS = (
    ("Edge", "Edg"),
    ("Opera", "OPR/"),
    ("Firefox", "Firefox/"),
    ("Firefox", "FxiOS/"),
    ("Chrome", "Chrome/"),
    ("Chrome", "CriOS/"),
    ("Safari", "Safari/"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("macOS", "Mac OS X"),
    ("ChromeOS", "CrOS"),
    ("Linux", "Linux"),
)


def signed_in(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Give a handler the visitor as its first argument; send everybody else to sign in and back."""

    @wraps(handler)
    def wrapper(**arguments: Any) -> Any:
        visitor = request.app.sessions.visitor()
        return handler(visitor, **arguments) if visitor else request.app.ask_to_sign_in()

    return wrapper


def own_path(target: str) -> str:
    """Return `target` if it is a path on this site, else the home page; nobody gets redirected elsewhere."""
    plain = target.isascii() and target.isprintable() and "\\" not in target
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"


def redirect(path: str) -> HTTPResponse:
    """Return a 303 to one of our own paths, with the cookies set so far."""
    answer = HTTPResponse(status=303, headers={"Location": path})
    for value in response.headers.getall("Set-Cookie"):
        answer.add_header("Set-Cookie", value)
    return answer


def sign_in_path() -> str:
    """Return the address to sign in at, which leads back to the page that was asked for."""
    path = request.environ.get("PATH_INFO", "/")
    query = request.environ.get("QUERY_STRING", "")
    target = quote(path) + (f"?{query}" if query else "")
    return "/signin/" if target == "/" else f"/signin/?next={quote(target, safe='')}"
