"""What the emulator's HTTP server makes of requests, as clients send them."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from notejam_cfn.local.emulated import http_server

GET = b"GET /here%20now?a=b HTTP/1.1\r\nHost: aws\r\n\r\n"
CLOSE = b"GET /last HTTP/1.1\r\nHost: aws\r\nConnection: close\r\n\r\n"
CHUNKED = b"PUT /chunks HTTP/1.1\r\nHost: aws\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


async def told(scope: dict[str, Any], receive: http_server.Receive, send: http_server.Send) -> None:
    """Answer with what the request was; in two parts on /parts; fail as its path says."""
    message = await receive()
    if scope["type"] == "lifespan":
        return await send({"type": "lifespan.startup.complete"})
    if scope["path"] == "/gone":
        raise ConnectionResetError
    if scope["path"] == "/wrong":
        raise ValueError
    text = f"{scope['method']} {scope['path']} {scope['query_string'].decode()} {message['body'].decode()};".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    if scope["path"] == "/parts":
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
    return await send({"type": "http.response.body", "body": text})


def answers(*sent: bytes) -> bytes:
    """Return what a client is told that sends these, one after the other, and reads until the server closes."""

    async def talk() -> bytes:
        listener = socket.create_server(("127.0.0.1", 0))
        server = asyncio.ensure_future(http_server.serve(told, listener))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        for each in sent:
            writer.write(each)
            await asyncio.sleep(0.01)
        found = await reader.read()
        writer.close()
        server.cancel()
        return found

    return asyncio.run(talk())


def test_requests_of_one_connection_are_answered_in_turn() -> None:
    for sent in (
        [GET, CHUNKED, CLOSE],
        [GET + CHUNKED + CLOSE],
        [GET[:20], GET[20:] + CHUNKED[:-4], b"\r\n\r\n", CLOSE],
    ):
        said = answers(*sent)
        places = [said.index(each) for each in (b"GET /here now a=b ;", b"PUT /chunks  abcde;", b"GET /last  ;")]
        assert places == sorted(places) and said.count(b"HTTP/1.1 200 OK\r\n") == 3


def test_a_client_that_waits_to_send_its_body_is_told_to() -> None:
    head = b"PUT /x HTTP/1.1\r\nHost: aws\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    said = answers(head, b"ok")
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n") and b"PUT /x  ok;" in said


def test_an_answer_may_come_in_parts() -> None:
    said = answers(GET.replace(b"here%20now", b"parts"), CLOSE)
    assert b"5\r\nfirst\r\n" in said and b"GET /last" in said


@pytest.mark.parametrize(("path", "said"), [(b"/gone", b""), (b"/wrong", b"HTTP/1.1 500 Internal Server Error\r\n")])
def test_a_request_that_fails_ends_the_connection(path: bytes, said: bytes) -> None:
    found = answers(CLOSE.replace(b"/last", path))
    assert found.startswith(said) and b"200" not in found


def test_nonsense_ends_the_connection() -> None:
    assert answers(b"what?\r\n\r\n") == b""


def test_a_form_is_read_as_python_reads_it() -> None:
    letters, chance = 'aZ09 _.-~é=&%+\n\t\r☃"{}:/', random.Random(1)
    for _ in range(300):
        fields = [("".join(chance.choices(letters, k=3)), "".join(chance.choices(letters, k=9))) for _ in range(3)]
        for text in (urlencode(fields), urlencode([*fields, ("empty", "")])):
            assert http_server.parsed_form(text) == parse_qs(text)
            assert http_server.parsed_form(text, True) == parse_qs(text, keep_blank_values=True)
