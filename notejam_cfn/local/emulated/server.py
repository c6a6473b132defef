"""The emulator's process: ministack with the stand-ins, on a port of its own choice.

It prints its address on standard output when it is ready, and ends when its standard input does: it cannot outlive the
process that started it, however that one ends.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import os
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import uvloop

from ..roles import callers, enforcement
from ..roles.enforcement import ENFORCEMENT
from . import change_sets, forms, leftovers, refusals, resources, snapshots
from .faults import FAULTS
from .ministack import module
from .services import aurora, budgets, cloudfront, image_scans, recovery, service_quotas, targets

CONTROL = "/_rehearsal/"
Application = Callable[[dict[str, Any], Callable[..., Any], Callable[..., Awaitable[None]]], Awaitable[None]]


def main() -> None:
    """Serve until standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    _settle_ministack(port)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    application = functools.partial(_application_with_faults, _application())
    gc.freeze()  # the models stay: looking through them for garbage takes much of a deployment's time
    gc.set_threshold(200_000, 20, 50)
    print(f"http://127.0.0.1:{port}", flush=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(_serve(application, listener))


def _settle_ministack(port: int) -> None:
    """Choose, before ministack is imported, no listeners but its own, no Docker and nothing kept on disk."""
    os.environ.update(
        GATEWAY_PORT=str(port),
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        PERSIST_STATE="0",
        S3_PERSIST="0",
        DOCKER_HOST="unix:///nonexistent",
        SFN_WAIT_SCALE="0.0001",  # a state machine's wait of five minutes is over at once
        LOG_LEVEL=os.environ.get("EMULATOR_LOG_LEVEL", "CRITICAL"),
    )


def _application() -> Application:
    application: Application = module("app").app
    vars(module("core.router"))["_KNOWN_AWS_SERVICE_NAMES"] = _names_of_services()
    for reader in (module("app"), module("services.cloudformation")):
        reader.parse_qs = forms.parsed_form
    # Later ones stand around earlier ones.
    for part in (
        resources,
        aurora,
        cloudfront,
        targets,
        change_sets,
        refusals,
        recovery,
        image_scans,
        service_quotas,
        enforcement,
        callers,
    ):
        part.register()
    return application


def _names_of_services() -> frozenset[str]:
    """Name the services that botocore knows. Ministack would read 400 models for that, which takes four seconds."""
    import botocore.session

    session = botocore.session.get_session()
    botocore.session.get_session = lambda *_: session  # ministack makes one for each service whose model it reads
    names = session.get_available_services()
    return frozenset(names) | {name.replace("-", "") for name in names}


async def _serve(application: Application, listener: socket.socket) -> None:
    """Serve with uvicorn and httptools: half of what ministack's hypercorn takes (benchmarks/emulator_requests.py)."""
    import uvicorn

    quiet: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False, "date_header": False}
    config = uvicorn.Config(application, interface="asgi3", loop="none", http="httptools", ws="none", **quiet)
    await uvicorn.Server(config).serve(sockets=[listener])


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


async def _application_with_faults(
    serve: Application, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
) -> None:
    """Take faults from the test, and get requests wrong as they say."""
    if scope["type"] != "http":
        return await serve(scope, receive, send)
    body = await _body(receive)
    if scope["path"].startswith(CONTROL):
        told = CONTROLS[scope["path"].removeprefix(CONTROL)](json.loads(body))
        return await _respond(send, 200, json.dumps(told).encode())
    if not await _answered_wrongly(scope, body, send):
        await serve(scope, _once(body), send)
    return None


async def _body(receive: Callable[..., Any]) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _once(body: bytes) -> Callable[..., Any]:
    given = False

    async def receive() -> dict[str, Any]:
        nonlocal given
        if given:
            await asyncio.Event().wait()  # ASGI asks again only to learn of a disconnection
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _usage(_: dict[str, Any]) -> dict[str, Any]:
    return {
        arn: {
            "permissions": one.permissions,
            "unused": list(map(str, one.unused)),
            "unnoticed": list(map(str, one.unnoticed)),
        }
        for arn, one in ENFORCEMENT.usage().items()
    }


def _forget(_: dict[str, Any]) -> None:
    FAULTS.replace({})
    ENFORCEMENT.forget()
    leftovers.forget()
    refusals.forget()


CONTROLS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "asked": lambda _: list(ENFORCEMENT.asked.values()),
    "faults": FAULTS.replace,
    "forget": _forget,
    "keep": snapshots.keep,
    "points": recovery.keep_point,
    "put_back": snapshots.put_back,
    "spent": budgets.spend,
    "usage": _usage,
    "work": lambda _: ENFORCEMENT.let_services_work(),
}
"""What `emulator.Emulator` asks for, given a JSON document."""


async def _answered_wrongly(scope: dict[str, Any], body: bytes, send: Callable[..., Any]) -> bool:
    answer = FAULTS.answer_for(_action(scope, body)) if FAULTS.answers else None  # a template is long to parse
    if answer is None:
        return False
    if answer.error == "hang up":
        raise ConnectionResetError  # uvicorn answers 500 and closes: to a client the service has gone away
    text = f"<Error><Code>{answer.error}</Code><Message>{answer.message or answer.error}</Message></Error>"
    await _respond(send, answer.status, f"<ErrorResponse>{text}</ErrorResponse>".encode())
    return True


def _action(scope: dict[str, Any], body: bytes) -> str:
    """Name the operation of a request, as its protocol does: in the form, or in a header."""
    headers = {key.decode().lower(): value.decode() for key, value in scope["headers"]}
    if "x-amz-target" in headers:
        return str(headers["x-amz-target"]).rpartition(".")[2]
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
    return ""


async def _respond(send: Callable[..., Any], status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/xml"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    main()
