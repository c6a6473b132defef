"""The application as a process, started with the command the container uses."""

from __future__ import annotations

import contextlib
import functools
import html
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from argon2 import PasswordHasher

from notejam_cfn.local.database.postgres import Postgres, end_with_parent, free_port
from tests.harness import forked

PASSWORD = "first-password"
SECRET = "a secret for tests, long enough to be one"
ROOT = Path(__file__).resolve().parents[2]
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
# A command that begins with this is forked from a process that has imported the application; all else is as ever.
FORKED = "forked python"
QUICK, WARM = (FORKED, "-m", "tests.harness.quick"), (FORKED, "-m", "app")
IMPORTED = (
    "app.application",
    "app.data.migrate",
    "app.data.previews",
    "app.runtime.allocator",
    "app.runtime.development",
    "app.runtime.server",
    "granian._loops",
    "tests.harness.application",
)
_forking = contextlib.ExitStack()


def environment(postgres: Postgres | None = None, **more: str) -> dict[str, str]:
    """Return the variables a task would be given for that database, or for SQLite."""
    given = {
        "PORT": str(free_port()),
        "STAGE": "test",
        "SESSION_SECRET": SECRET,
        "DRAIN_SECONDS": "0",
        "PYTHONPATH": str(ROOT),
    }
    if postgres is not None:
        given |= {"DATABASE_HOST": "127.0.0.1", "DATABASE_PORT": str(postgres.port)}
        given |= {"DATABASE_USER": "notejam", "DATABASE_PASSWORD": PASSWORD}
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **given, **more}


def command(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m app …` to its end, in a Python that imports everything anew."""
    return subprocess.run([sys.executable, "-m", "app", *arguments], env=environ, capture_output=True, text=True)


def warm_command(
    environ: dict[str, str], *arguments: str, program: tuple[str, ...] = ("-m", "app")
) -> subprocess.CompletedProcess[str]:
    """Run it to its end in a process where everything is imported."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        status = forked_process([*program, *arguments], environ, ROOT, out.fileno(), err.fileno()).wait(60)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, status, out.read(), err.read())


@functools.cache
def _forking_folder() -> Path:
    folder = Path(_forking.enter_context(tempfile.TemporaryDirectory(prefix="notejam-forked-")))
    _forking.enter_context(forked.python(folder, IMPORTED))
    _forking.callback(_forking_folder.cache_clear)
    return folder


def forked_process(arguments: Sequence[str], environ: dict[str, str], cwd: Path, out: int, err: int) -> forked.Process:
    """Start a process where the application is imported already."""
    return forked.Process(_forking_folder(), arguments, environ, cwd, out, err)


def end_forking() -> None:
    """End the process that others were forked from."""
    _forking.close()


class RunningServer:
    """`python -m app serve`, with its log in a file."""

    def __init__(
        self,
        environ: dict[str, str],
        log: Path,
        command: tuple[str, ...] = ("serve",),
        folder: Path = ROOT,
        program: tuple[str, ...] = (sys.executable, "-m", "app"),
    ) -> None:
        self.environ, self.port = environ, int(environ["PORT"])
        self.log = log
        self.process: subprocess.Popen[bytes] | forked.Process
        with log.open("wb") as output:
            arguments = [*program, *command]
            # A session of its own, so that `destroy` reaches the workers too.
            if program[0] == FORKED:
                self.process = forked_process(arguments[1:], environ, folder, output.fileno(), output.fileno())
            else:
                self.process = subprocess.Popen(
                    arguments,
                    env=environ,
                    cwd=folder,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    preexec_fn=end_with_parent,
                )
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> int:
        """Wait until it has stopped and return its exit code. A second signal could hit it on its last steps."""
        try:
            return self.process.wait(30)
        finally:
            self.destroy()

    def destroy(self) -> None:
        """End the server and its workers, whatever state they are in."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def processes(self) -> list[int]:
        """Return the ids of the server and its workers."""
        pids = [self.process.pid]
        for pid in pids:
            pids += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return pids

    def connection(self, timeout: float = 60) -> http.client.HTTPConnection:
        """Return a connection that is kept from request to request."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(
        self,
        method: str,
        path: str,
        timeout: float = 60,
        connection: http.client.HTTPConnection | None = None,
        **options: Any,
    ) -> http.client.HTTPResponse:
        """Send one request, on a connection of its own unless one is given."""
        used = connection or self.connection(timeout)
        used.request(method, path, **options)
        response = used.getresponse()
        response.content = response.read()  # type: ignore[attr-defined]
        if connection is None:
            used.close()
        return response

    def lines(self) -> list[dict[str, Any]]:
        """Return the log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.ask("GET", "/healthz", timeout=2)
                return
            time.sleep(0.02)
        raise RuntimeError(self.log.read_text())


class Client:
    """A browser of a running server: keeps cookies, fills in form tokens.

    Its `connection` is kept where one is set, for one thread at a time; a connection for each request costs more than
    the request.
    """

    def __init__(self, server: RunningServer, **headers: str) -> None:
        self.server, self.headers = server, headers
        self.connection: http.client.HTTPConnection | None = None
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Any:
        """Open a page."""
        return self._ask("GET", path)

    def post(self, path: str, form_path: str = "", **fields: str) -> Any:
        """Send the form of a page."""
        return self.send(path, **self.fields(form_path or path) | fields)

    def fields(self, path: str) -> dict[str, str]:
        """Return the hidden fields of a page's main form."""
        page = self.get(path).content.decode()
        found = page.partition("<main")[2]
        assert "csrf_token" in found, page
        pairs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found)
        return {name: html.unescape(value) for name, value in pairs}

    def cookie_header(self) -> str:
        """Return the cookies as a browser sends them."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def send(self, path: str, **fields: str) -> Any:
        """Send fields as they are."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, body=urlencode(fields), headers=headers)

    def sign_up(self, email: str) -> None:
        """Create an account and be signed in."""
        answer = self.post("/signup/", email=email, password="correct horse", repeat_password="correct horse")
        assert answer.status == 303, answer.content

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        sent = {"Cookie": self.cookie_header(), **self.headers, **(headers or {})}
        answer = self.server.ask(method, path, headers=sent, connection=self.connection, **options)
        for value in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = value.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer
