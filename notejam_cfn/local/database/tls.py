"""TLS in front of a PostgreSQL that is built without it, at the port and under the names of a database cluster.

It ends TLS with a certificate for the cluster's endpoint, refuses connections without TLS as `rds.force_ssl` does, and
hands what remains to the server's Unix socket. The client really verifies the endpoint's name (`verify-full`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..entrance.certificates import Authority
from .postgres import START_SECONDS, Postgres, PostgresError

PORT = 5432
TLS_REQUEST, GSS_REQUEST = 80877103, 80877104


@contextmanager
def tls_front(postgres: Postgres, authority: Authority, names: Sequence[str]) -> Iterator[str]:
    """Serve TLS as these names in front of the server, and yield the IP address where that is, at port 5432."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of clients that hang up without a farewell
    address = _own_loopback_address()
    # In a thread with an event loop of its own.
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    front = _Front(postgres.socket, authority.server_context(names))
    starting = asyncio.run_coroutine_threadsafe(asyncio.start_server(front.serve, address, PORT), loop)
    serving = starting.result(START_SECONDS)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(serving.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_SECONDS)


class _Front:
    """Answers the first bytes of a PostgreSQL connection, and relays the rest.

    Source: PostgreSQL documentation, "Message Flow", SSL Session Encryption.
    """

    def __init__(self, server: Path, context: ssl.SSLContext) -> None:
        self.server = server
        self.context = context

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            if await self._begins_with_tls(reader, writer):
                await self._relay(reader, writer)
        writer.close()

    async def _begins_with_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        while True:
            _, code = struct.unpack("!II", await reader.readexactly(8))
            if code == GSS_REQUEST:
                writer.write(b"N")
            elif code == TLS_REQUEST:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(self.context)
                return True
            else:
                # What a server gives to a client that comes without TLS.
                fields = b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry, no encryption\0\0"
                writer.write(b"E" + struct.pack("!I", len(fields) + 4) + fields)
                await writer.drain()
                return False

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self.server)
        await asyncio.gather(_copy(reader, to_server), _copy(from_server, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


def _own_loopback_address() -> str:
    """Return an address of this machine whose port 5432 nobody else uses: on Linux all of 127/8 is this machine."""
    for _ in range(20):
        address = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"
        address = address if sys.platform == "linux" else "127.0.0.1"
        with contextlib.suppress(OSError), socket.create_server((address, PORT)):
            return address
    raise PostgresError(f"port {PORT} is taken on this machine")
