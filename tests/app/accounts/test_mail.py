"""Mail leaves by the way the settings name, and says nothing to the log."""

from __future__ import annotations

import base64
import dataclasses
import email.utils
import http.server
import json
import logging
import re
import socketserver
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from webtest import TestApp

from app.accounts.mail import InsecureTransport, new_outbox
from app.settings import Settings

from ..helpers import SECRET, errors, submit

TEXT = "Open https://notes.example.com/reset-password/token/"


def outbox(**settings: str) -> Any:
    return new_outbox(Settings(session_secret=SECRET, mail_from="notejam@example.com", **settings))  # type: ignore[arg-type]


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Amazon SES, as far as sending goes."""
    received: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((urllib.parse.urlsplit(self.path).path, body))
            self.send_response(200)
            self.send_header("Content-Length", "19")
            self.end_headers()
            self.wfile.write(b'{"MessageId": "1"} ')

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "y", "DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield received
    server.shutdown()
    server.server_close()


def test_mail_goes_through_ses_in_aws(ses: list[Any]) -> None:
    outbox(mail_backend="ses").write("user@example.com", "Choose", TEXT)
    ((path, body),) = ses
    message = base64.b64decode(body["Content"]["Raw"]["Data"]).decode()
    assert path == "/v2/email/outbound-emails"
    assert "To: user@example.com" in message
    assert TEXT in message


class SmtpServer(socketserver.StreamRequestHandler):
    """The five commands of a letter."""

    received: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline().decode().strip():
            if line.upper() == "DATA":
                self.wfile.write(b"354 go on\r\n")
                self.received.append(self._letter())
            self.wfile.write(b"221 bye\r\n" if line.upper() == "QUIT" else b"250 ok\r\n")

    def _letter(self) -> str:
        lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
        return "".join(lines)


def test_mail_goes_through_smtp_elsewhere() -> None:
    SmtpServer.received = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), SmtpServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"smtp://127.0.0.1:{server.server_address[1]}"
        outbox(mail_backend="smtp", smtp_url=url).write("user@example.com", "Choose", TEXT)
        server.shutdown()
    (letter,) = SmtpServer.received
    assert TEXT in letter


def test_mail_is_printed_on_a_laptops_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    outbox(log_format="text").write("user@example.com", "Choose", TEXT)
    assert TEXT in capsys.readouterr().out


def test_mail_is_never_printed_into_a_containers_log(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        outbox().write("user@example.com", "Choose", TEXT)
    written = capsys.readouterr().out + caplog.text
    assert "mail not sent" in written
    assert "reset-password" not in written
    assert "user@example.com" not in written


def test_mail_that_fails_is_reported_without_its_content(caplog: pytest.LogCaptureFixture) -> None:
    ways = outbox(mail_backend="smtp", smtp_url="smtp://127.0.0.1:1")
    ways.later(lambda: ways.write("user@example.com", "Choose", TEXT)).result(10)
    assert [record.message for record in caplog.records] == ["mail failed"]


def test_a_letter_has_a_date_an_id_and_links_that_can_be_copied() -> None:
    link = f"https://notes.example.com/reset-password/{'x=y' * 40}/"
    sent: list[Any] = []
    dataclasses.replace(outbox(), send=sent.append).write("user@example.com", "Choose", f"Open\n\n{link}\n")
    (message,) = sent
    assert abs(email.utils.parsedate_to_datetime(message["Date"]).timestamp() - time.time()) < 60
    assert re.fullmatch(r"<[^@ ]+@example\.com>", message["Message-ID"])
    assert message["Content-Transfer-Encoding"] == "7bit"
    assert link in str(message).splitlines()


def test_no_password_is_sent_without_tls(caplog: pytest.LogCaptureFixture) -> None:
    SmtpServer.received = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), SmtpServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"smtp://user:secret@127.0.0.1:{server.server_address[1]}"
        ways = outbox(mail_backend="smtp", smtp_url=url)
        with pytest.raises(InsecureTransport):
            ways.write("user@example.com", "Choose", TEXT)
        server.shutdown()
    assert SmtpServer.received == []


@pytest.mark.parametrize(
    "address",
    ["ü@example.com", "a@exämple.com", "a@-b.com", "a@b", "x" * 65 + "@b.co"],
)
def test_an_address_that_no_mail_reaches_is_refused_at_sign_up(
    start: Callable[..., TestApp], sqlite_settings: dict[str, Any], address: str
) -> None:
    browser = start(**sqlite_settings)
    page = submit(browser, "/signup/", email=address, password="correct horse", repeat_password="correct horse")
    assert "email" in errors(page)
    assert page.html.select_one("#email")["value"] == address
