"""Sending mail: through Amazon SES in AWS, SMTP elsewhere, or onto the terminal of a laptop.

Mail leaves from a thread of its own, so that a page takes the same time whether or not there was anything to send.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from ..errors import NotejamError
from ..runtime.aws import new_client
from ..settings import Settings

log = logging.getLogger("notejam.mail")
Send = Callable[[EmailMessage], None]


class InsecureTransport(NotejamError):
    """The mail server would be told a password that others can read."""


@dataclass(frozen=True)
class Outbox:
    """Sends messages from `sender`; `later` runs a job that may end in one."""

    sender: str
    send: Send
    later: Callable[[Callable[[], None]], object]

    def write(self, recipient: str, subject: str, text: str) -> None:
        """Send one message now."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, recipient, subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2].strip("> "))
        # Neither quoted-printable nor base64: a link stays one that can be copied, wherever the letter is printed.
        message.set_content(text, cte="7bit")
        self.send(message)


def new_outbox(settings: Settings) -> Outbox:
    """Return the outbox the settings name."""
    send = {"ses": _send_by_ses, "smtp": _smtp(settings.smtp_url), "terminal": _terminal(settings.log_format)}
    # One thread, started with the first job; the interpreter finishes what is queued before it exits.
    worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")
    sender = settings.mail_from or "notejam@localhost"
    return Outbox(sender, send[settings.mail_backend], lambda job: worker.submit(_attempt, job))


def _attempt(job: Callable[[], None]) -> None:
    try:
        job()
    except Exception:  # the visitor has the answer already; what is left is to tell the operators
        log.exception("mail failed")


def _send_by_ses(message: EmailMessage) -> None:
    client = new_client("sesv2", connect_timeout=5, read_timeout=10)
    client.send_email(Content={"Raw": {"Data": message.as_bytes()}})
    log.info("mail sent", extra={"mail": "ses"})


def _smtp(url: str) -> Send:
    def send(message: EmailMessage) -> None:
        parts = urlsplit(url)
        tls, host = ssl.create_default_context(), parts.hostname or "localhost"
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=10, context=tls)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=10)
        with server:
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=tls)
            if parts.username:
                if not isinstance(server.sock, ssl.SSLSocket):
                    raise InsecureTransport("the mail server offers no TLS, and gets no password without it")
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
        log.info("mail sent", extra={"mail": "smtp"})

    return send


def _terminal(log_format: str) -> Send:
    def send(message: EmailMessage) -> None:
        if log_format == "text":
            print(f"\n{'-' * 72}\n{message}{'-' * 72}\n", flush=True)
        else:
            # In a container the terminal is the log, where neither the link nor the address may appear.
            log.warning("mail not sent: MAIL_BACKEND is terminal", extra={"mail": "terminal"})

    return send
