"""A real PostgreSQL that stands for the database cluster, reached over TLS as the cluster would be.

The PostgreSQL that can be installed with pip is built without TLS. So a small front answers at the cluster's port: it
ends TLS with a certificate for the cluster's endpoint, refuses connections without TLS as `rds.force_ssl` does, and
hands what remains to the server's Unix socket. The client really verifies the endpoint's name (`verify-full`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import secrets
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .programs import PostgresError, postgres_programs, unprivileged_user
from .tls import Authority

PORT = 5432
TLS_REQUEST, GSS_REQUEST = 80877103, 80877104
START_SECONDS = 30
PR_SET_PDEATHSIG = 1
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """A running server. `address` is the IP address that stands for the cluster's endpoint, at port 5432."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = unprivileged_user()
        self.address = _own_loopback_address()

    def add_database(self, name: str, user: str, password: str) -> None:
        """Make a database and the user who owns it, as RDS does with a cluster's first database."""
        self.sql(f"CREATE ROLE \"{user}\" LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")
        self.sql(f'CREATE DATABASE "{name}" OWNER "{user}"')

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the administrator and return what psql prints."""
        options = ["-h", str(self.folder), "-U", "postgres", "-d", database, "-XAtqc", statement]
        command = [str(postgres_programs() / "psql"), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PostgresError(done.stderr.strip())
        return done.stdout.strip()

    def initialise(self) -> None:
        """Make an empty cluster of databases in which passwords count, for everyone but the administrator."""
        command = [
            str(postgres_programs() / "initdb"),
            "-D",
            str(self.folder / "data"),
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "-N",
        ]
        done = subprocess.run([*command, "--locale=C", "-A", "trust"], capture_output=True, user=self.user, check=False)
        if done.returncode:
            raise PostgresError(done.stderr.decode().strip())
        rules = "local all postgres trust\nlocal all all scram-sha-256\n"
        (self.folder / "data" / "pg_hba.conf").write_text(rules, encoding="ascii")

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server and wait until it answers."""
        settings = ("listen_addresses=", f"unix_socket_directories={self.folder}", *QUICK)
        options = [part for setting in settings for part in ("-c", setting)]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [postgres_programs() / "postgres", "-D", self.folder / "data", *options],
                user=self.user,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self._wait(process)
        return process

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(PostgresError):
                self.sql("SELECT 1")
                return
            time.sleep(0.05)
        raise PostgresError((self.folder / "log").read_text(errors="replace"))


@contextmanager
def running(authority: Authority, endpoints: list[str]) -> Iterator[Postgres]:
    """Start a server that answers as these endpoints, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="rehearsal-"))
    folder.chmod(0o755)
    postgres = Postgres(folder)
    if postgres.user:
        shutil.chown(folder, postgres.user)
    try:
        postgres.initialise()
        process = postgres.start()
        try:
            with _front(postgres, authority.server_context(endpoints)):
                yield postgres
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end_with_parent() -> None:
    """Let the kernel end this process with the one that started it, however that one ends. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


@contextmanager
def _front(postgres: Postgres, context: ssl.SSLContext) -> Iterator[None]:
    """Serve TLS in front of the server, in a thread with an event loop of its own."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of clients that hang up without a farewell
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    front = _Front(str(postgres.folder / f".s.PGSQL.{PORT}"), context)
    serving = asyncio.run_coroutine_threadsafe(asyncio.start_server(front.serve, postgres.address, PORT), loop).result(
        START_SECONDS
    )
    try:
        yield
    finally:
        loop.call_soon_threadsafe(serving.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_SECONDS)


class _Front:
    """Answers the first bytes of a PostgreSQL connection, and relays the rest.

    Source: PostgreSQL documentation, "Message Flow", SSL Session Encryption.
    """

    def __init__(self, server: str, context: ssl.SSLContext) -> None:
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
                writer.write(_refusal())
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


def _refusal() -> bytes:
    """Return the error that a server gives to a client that comes without TLS."""
    fields = b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry, no encryption\0\0"
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


def _own_loopback_address() -> str:
    """Return an address of this machine whose port 5432 nobody else uses: on Linux all of 127/8 is this machine."""
    for _ in range(20):
        address = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250)}.{secrets.randbelow(250) + 1}"
        address = address if sys.platform == "linux" else "127.0.0.1"
        with contextlib.suppress(OSError), socket.create_server((address, PORT)):
            return address
    raise PostgresError(f"port {PORT} is taken on this machine")
