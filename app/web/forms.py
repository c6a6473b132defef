"""Reading what people typed, and telling them kindly what is wrong with it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from bottle import FileUpload, HTTPError, request

from ..data.folding import is_visible

# Far above what is stored, so that a paste that is too long comes back with the page that says so.
BODY_BYTES = 4_000_000
# A list shows up to 200 notes, each with a box to choose it.
MOST_FIELDS = 230
EMAIL_LENGTH = 75
NAME_LENGTH = 100
TEXT_LENGTH = 100_000
KEPT = "It is not saved yet, and nothing of it is lost: make it shorter, or two notes."
PASSWORD_LENGTH = (8, 256)
# Addresses that mail can be sent to from everywhere: RFC 5321's dot-string at a domain name, in ASCII. An address with
# other letters needs SMTPUTF8, which Amazon SES does not speak.
EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
LOCAL_LENGTH = 64


class Form:
    """Typed values, and an error beside each field that needs one.

    Values keep what was typed, so a page can show them again; `clean` values are stripped and ready to store.
    """

    def __init__(self, values: dict[str, str] | None = None) -> None:
        self.values = values or {}
        self.errors: dict[str, str] = {}
        self.files: dict[str, FileUpload] = {}

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.errors

    def fail(self, name: str, message: str) -> None:
        """Put a message beside a field; the first one stays."""
        self.errors.setdefault(name, message)

    def email(self, name: str = "email") -> str:
        """Return the address in lower case; it is compared and kept that way."""
        value = self[name].strip().lower()
        if not value:
            self.fail(name, "Please enter your e-mail address.")
        elif len(value) > EMAIL_LENGTH:
            self.fail(name, f"An e-mail address can have at most {EMAIL_LENGTH} characters here.")
        elif not value.isascii():
            self.fail(name, "Mail cannot be sent to this address: it has letters other than a to z.")
        elif not EMAIL.fullmatch(value) or len(value.partition("@")[0]) > LOCAL_LENGTH:
            self.fail(name, "This does not look like an e-mail address.")
        return self._printable(name, value)

    def name(self) -> str:
        """Return the name of a note or pad on one line."""
        value = " ".join(self["name"].split())
        if not is_visible(value):
            self.fail("name", "Please enter a name.")
        elif len(value) > NAME_LENGTH:
            self.fail("name", f"A name can have at most {NAME_LENGTH} characters; this one has {len(value)}.")
        return self._printable("name", value)

    def text(self) -> str:
        """Return the text of a note, with one kind of line ends."""
        value = self["text"].replace("\r\n", "\n")
        if not value.strip():
            self.fail("text", "Please write something.")
        elif len(value) > TEXT_LENGTH:
            self.fail(
                "text", f"A note can have at most {TEXT_LENGTH:,} characters; this one has {len(value):,}. {KEPT}"
            )
        return self._printable("text", value)

    def password(self, name: str, what: str = "your password") -> str:
        """Return a password somebody claims to know; nothing is said about its form."""
        if not self[name]:
            self.fail(name, f"Please enter {what}.")
        return self[name][: PASSWORD_LENGTH[1] + 1]

    def new_password(self, name: str, repeated: str) -> str:
        """Return a password somebody chose, typed twice alike."""
        value, (least, most) = self[name], PASSWORD_LENGTH
        if not value:
            self.fail(name, "Please choose a password.")
        elif not least <= len(value) <= most:
            self.fail(name, f"A password must have between {least} and {most} characters.")
        if not self[repeated]:
            self.fail(repeated, "Please repeat the password.")
        elif self[repeated] != value:
            self.fail(repeated, "The two passwords differ.")
        return value

    def _printable(self, name: str, value: str) -> str:
        if "\0" in value:
            self.fail(name, "This contains a character that cannot be stored.")
        return value


def whole_number(text: str) -> int | None:
    """Return a number that somebody sent, or None for what is none or more than the database's 64 bits hold."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def sent_form() -> Form:
    """Return the form of this request, read once.

    A body that is too long is 413, one of unknown length 411, one of another type 415, and one that did not arrive to
    its end or is not UTF-8 is 400.
    """
    form: Form | None = request.environ.get("notejam.form")
    if form is None:
        is_multipart = str(request.environ.get("CONTENT_TYPE", "")).startswith("multipart/form-data")
        if request.route.config.get("body_bytes") and is_multipart:  # a route that takes files says how much
            form = Form({name: request.forms.getunicode(name, "") for name in request.forms})
            form.files = dict(request.files.items())
        else:
            form = Form(_typed(request.environ))
        request.environ["notejam.form"] = form
    return form


def _typed(environ: dict[str, Any]) -> dict[str, str]:
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise HTTPError(411)
    declared = environ.get("CONTENT_LENGTH") or "0"
    if declared == "0":
        return {}
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPError(415)
    if not declared.isdigit():
        raise HTTPError(400)
    if int(declared) > BODY_BYTES:
        raise HTTPError(413)
    body: bytes = environ["wsgi.input"].read(int(declared))
    if len(body) != int(declared):
        # The connection ended within the body: half a note must not replace a whole one.
        raise HTTPError(400)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPError(400) from None
    return {name: value for name, value in pairs if len(name) <= 40}
