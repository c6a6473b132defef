"""Who is asking: signed cookies, the visitor behind them, and the tokens that protect forms.

The session cookie is `id.expiry.signature`. A cookie that is forged, altered or expired costs no query; one that is
genuine is looked up, in the query that also brings what every page shows, so signing out and changing the password end
it at once.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import os
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from bottle import HTTPResponse, request, response

from ..data.models import Session, Visitor, now

SESSION_DAYS = 30
TOKEN_FIELD = "csrf_token"


class Signer:
    """Makes and checks signatures with keyed BLAKE2b, which is made for that and five times cheaper than HMAC here."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.blake2b(secret.encode()).digest()

    def sign(self, purpose: str, value: str) -> str:
        """Return 43 characters nobody without the secret can produce; a signature for one purpose fits no other."""
        person = purpose.encode()
        return _text(hashlib.blake2b(value.encode(), digest_size=32, key=self._key, person=person).digest())

    def matches(self, purpose: str, value: str, signature: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.sign(purpose, value).encode(), signature.encode(errors="replace"))


class Sessions:
    """The cookies of one deployment; over https they can neither be read nor set by anything but its own host."""

    def __init__(self, secret: str, secure: bool) -> None:
        prefix = "__Host-" if secure else ""
        self.session_cookie = f"{prefix}session"
        self.guest_cookie = f"{prefix}guest"
        self.flash_cookie = f"{prefix}flash"
        self.signer = Signer(secret)
        self.secure = secure

    def start(self, user_id: int) -> None:
        """Sign this browser in, under a new id: one somebody planted before is worth nothing."""
        session_id, seconds = random_text(16), SESSION_DAYS * 86400
        Session.start(session_id, user_id, now() + dt.timedelta(seconds=seconds))
        value = f"{session_id}.{int(time.time()) + seconds}"
        self.set_cookie(self.session_cookie, f"{value}.{self.signer.sign('session', value)}", max_age=seconds)

    def end(self) -> None:
        """Sign this browser out, here and in the database."""
        session_id = self.session_id()
        if session_id:
            Session.end(session_id)
        self.set_cookie(self.session_cookie, "", max_age=0)

    def session_id(self) -> str:
        """Return the session the cookie names, or an empty string when it is not genuine or too old."""
        value, _, signature = cookie(self.session_cookie).rpartition(".")
        session_id, _, expires = value.partition(".")
        if not self.signer.matches("session", value, signature) or not expires.isdigit():
            return ""
        return session_id if int(expires) > time.time() else ""

    def visitor(self) -> Visitor | None:
        """Return who is signed in; asks the database at most once a request."""
        environ = request.environ
        if "notejam.visitor" not in environ:
            session_id = self.session_id()
            visitor = environ["notejam.visitor"] = Session.visitor(session_id) if session_id else None
            environ["notejam.user_id"] = visitor and visitor.user_id
        found: Visitor | None = environ["notejam.visitor"]
        return found

    def form_token(self) -> str:
        """Return the token this browser's forms carry, bound to its session or, for a guest, to a cookie."""
        return self.signer.sign("form", self._browser() or self._new_guest())

    def check_token(self, token: str) -> bool:
        """Whether a form was made for this browser."""
        browser = self._browser()
        return bool(browser) and self.signer.matches("form", browser, token)

    def set_cookie(self, name: str, value: str, max_age: int | None = None) -> None:
        """Set a cookie the way all of ours are: HttpOnly, SameSite=Lax, and Secure over https."""
        age = "" if max_age is None else f"; Max-Age={max_age}"
        secure = "; Secure" if self.secure else ""
        response.add_header("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}")

    def _browser(self) -> str:
        guest: str = request.environ.get("notejam.guest") or cookie(self.guest_cookie)
        return self.session_id() or guest[:64]

    def _new_guest(self) -> str:
        guest = request.environ["notejam.guest"] = random_text(16)
        self.set_cookie(self.guest_cookie, guest)
        return guest


def cookie(name: str) -> str:
    """Return a cookie of the request; ours hold no quotes, so the standard library's slow parser is not needed."""
    start = f"{name}="
    for part in request.environ.get("HTTP_COOKIE", "").split(";"):
        if part.strip().startswith(start):
            return str(part.strip()[len(start) :])
    return ""


def random_text(size: int) -> str:
    """Return that many random bytes in the alphabet of cookies and URLs."""
    return _text(os.urandom(size))


def digest(value: str) -> str:
    """Return the SHA-256 of a token, which is what the database keeps of it."""
    return hashlib.sha256(value.encode()).hexdigest()


def signed_in(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Give a handler the visitor as its first argument; send everybody else to sign in and back."""

    @wraps(handler)
    def wrapper(**arguments: Any) -> Any:
        visitor = request.app.sessions.visitor()
        return handler(visitor, **arguments) if visitor else _to_sign_in()

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


def _to_sign_in() -> HTTPResponse:
    # A form that was sent cannot be sent again by a redirect; its page can be visited again.
    path = request.environ.get("PATH_INFO", "/")
    query = request.environ.get("QUERY_STRING", "")
    target = quote(path) + (f"?{query}" if query else "")
    return redirect("/signin/" if target == "/" else f"/signin/?next={quote(target, safe='')}")


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
