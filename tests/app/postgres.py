"""A real PostgreSQL of its own for a test session: password authentication over TCP, and the troubles it can have."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from notejam_cfn.local.programs import postgres_programs, unprivileged_user

PASSWORD = "first-password"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """One server in a temporary folder, run by an unprivileged user as PostgreSQL demands."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="notejam-pg-"))
        self.port = free_port()
        self.user = unprivileged_user()
        self.process: subprocess.Popen[bytes] | None = None
        self._initialise()
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        quick = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": 100}
        arguments = [f"--{name}={value}" for name, value in (options | quick).items()]
        self.process = subprocess.Popen(
            [postgres_programs() / "postgres", "-D", self.folder / "data", *arguments],
            user=self.user,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
            start_new_session=True,
        )
        self._wait_until_ready()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; connections are cut."""
        if self.process is None:
            return
        # A paused server cannot obey.
        self.resume()
        self.process.send_signal(how)
        self.process.wait(20)
        self.process = None

    def restart(self) -> None:
        """Stop and start, as a failover does to its clients."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Take connections but answer nothing, like a database that is being woken up."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after a pause."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """Stop and delete everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement as the administrator, who needs no password here."""
        import psycopg

        parameters = {"host": str(self.folder), "port": self.port, "user": "postgres", "dbname": database}
        with psycopg.connect(**parameters, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _initialise(self) -> None:
        self.folder.chmod(0o777)
        command = [
            postgres_programs() / "initdb",
            "-D",
            self.folder / "data",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run([*command, "-A", "trust", "-N"], check=True, capture_output=True, user=self.user)
        rules = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (self.folder / "data" / "pg_hba.conf").write_text(rules)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                self.sql("SELECT 1")
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())
