"""The emulator's HTTP server: one write for an answer, and little besides. A deployment asks it a hundred things.

Bodies are read whole before the application is called. `benchmarks/emulator_requests.py` compares it with hypercorn.
"""

from __future__ import annotations

import asyncio
import binascii
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import h11

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


async def serve(application: Application, listener: socket.socket) -> None:
    """Serve an ASGI application on a socket until the process ends."""
    started = asyncio.Event()
    lifespan = asyncio.ensure_future(_live(application, started))
    await started.wait()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(application), sock=listener)
    await asyncio.gather(lifespan, server.serve_forever())


async def _live(application: Application, started: asyncio.Event) -> None:
    messages: list[Message] = [{"type": "lifespan.startup"}]

    async def receive() -> Message:
        return messages.pop() if messages else await asyncio.Future()

    async def send(message: Message) -> None:
        started.set()

    await application({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)


class _Connection(asyncio.Protocol):
    """One client: answers its requests one after the other."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.http = h11.Connection(h11.SERVER)
        self.body: list[bytes] = []
        self.request: h11.Request | None = None
        self.gone = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        self.http.receive_data(data)
        self._read()

    def eof_received(self) -> None:
        self.http.receive_data(b"")
        self._read()

    def _read(self) -> None:
        try:
            while (event := self.http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Request):
                    self.request, self.body = event, []
                elif isinstance(event, h11.Data):
                    self.body.append(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    self.task = asyncio.ensure_future(self._answer())
                else:
                    self.transport.close()
                    return
            if self.http.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
        except h11.RemoteProtocolError:
            self.transport.close()

    def _write(self, *events: h11.Event) -> None:
        self.transport.write(b"".join(self.http.send(event) or b"" for event in events))

    async def _answer(self) -> None:
        """Call the application with a request, and go on to the next one, or close where an answer remained undone."""
        held: list[h11.Event] = []

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                held.append(h11.Response(status_code=status, headers=message["headers"], reason=_reason(status)))
                return
            more = message.get("more_body", False)
            events = [*held, h11.Data(data=message.get("body", b"")), *([] if more else [h11.EndOfMessage()])]
            held.clear()
            self._write(*events)
            await self.writable.wait()

        try:
            await self.application(self._scope(), self._receive(), send)
        except ConnectionResetError:
            self.transport.abort()
        except Exception:
            if self.http.our_state is h11.SEND_RESPONSE:
                self._write(
                    h11.Response(status_code=500, headers=[("content-length", "0")], reason=_reason(500)),
                    h11.EndOfMessage(),
                )
        if (self.http.our_state, self.http.their_state) == (h11.DONE, h11.DONE):
            self.http.start_next_cycle()
            self._read()
        else:
            self.transport.close()

    def _scope(self) -> Message:
        assert self.request
        path, _, query = self.request.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": self.request.http_version.decode(),
            "method": self.request.method.decode(),
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "headers": list(self.request.headers),
            "client": self.transport.get_extra_info("peername"),
            "server": self.transport.get_extra_info("sockname"),
            "extensions": {},
        }

    def _receive(self) -> Receive:
        messages: list[Message] = [{"type": "http.request", "body": b"".join(self.body), "more_body": False}]

        async def receive() -> Message:
            if messages:
                return messages.pop()
            await self.gone.wait()
            return {"type": "http.disconnect"}

        return receive


def _reason(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode() if status in HTTPStatus._value2member_map_ else b""


def parsed_form(text: str, keep_blank_values: bool = False) -> dict[str, list[str]]:
    """Do what `parse_qs` does, which takes 5 ms for a template: quoted-printable differs from a form in two marks."""
    found: dict[str, list[str]] = {}
    for pair in text.split("&"):
        key, _, value = map(_unquoted, pair.partition("="))
        if value or (keep_blank_values and key):
            found.setdefault(key, []).append(value)
    return found


def _unquoted(text: str) -> str:
    marked = text.replace("=", "%3D").replace("+", " ").replace("%", "=")
    return binascii.a2b_qp(marked.encode()).decode(errors="replace")
