"""Python processes that begin with everything imported: each is forked from one that has done it.

    with forked.python(folder) as program:  # a program to be called as `python -m MODULE …` or `python FILE …`
        subprocess.run([program, "-m", "notejam_cfn", "status", "dev"])
        Process(folder, ["-m", "app", "serve"], environ, ROOT, output)  # in place of subprocess.Popen

Each call has arguments, environment, working directory, input and output of its own, and ends with a status.
Only the second that imports take is not spent again.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from notejam_cfn.local.database.postgres import end_with_parent

ROOT = Path(__file__).parents[2]
IMPORTED = (
    "notejam_cfn.cli.operate.deploy",
    "notejam_cfn.cli.operate.release",
    "notejam_cfn.deploy.data.restore",
    "tests.harness.clients",
)
# Runs without site and its packages, in 20 ms.
CALL = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1:2] != ["-m"] and not sys.argv[1:2][0].endswith(".py"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
there = socket.socket(socket.AF_UNIX)
there.connect({address!r})
call = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), 0]).encode()
socket.send_fds(there, [len(call).to_bytes(4, "big")], [0, 1, 2])
there.sendall(call)
sys.exit(int(there.recv(4) or b"137"))
"""


@contextlib.contextmanager
def python(folder: Path, imported: Sequence[str] = IMPORTED, root: Path = ROOT) -> Iterator[Path]:
    """Write the program into a folder, and start what it forks from; that ends with the block or with this process.

    `root` is the copy of the project whose modules are imported.
    """
    address, program = folder / "python.socket", folder / "forked-python"
    program.write_text(CALL.format(python=sys.executable, address=str(address)), encoding="utf-8")
    program.chmod(0o755)
    words = [sys.executable, "-m", "tests.harness.forked", str(address), *imported]
    with subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdin and first.stdout
        first.stdout.readline()
        yield program
        first.stdin.close()


class Process:
    """What was forked in `folder`: a child of this process, which adopts orphans, with a session of its own."""

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str],
        environment: dict[str, str],
        where: Path,
        output: int,
        error: int,
        given: int | None = None,
    ) -> None:
        self.returncode: int | None = None
        call = json.dumps([list(arguments), environment, str(where), os.getpid()]).encode()
        with socket.socket(socket.AF_UNIX) as there, Path(os.devnull).open() as nothing:
            there.connect(str(folder / "python.socket"))
            streams = [nothing.fileno() if given is None else given, output, error]
            socket.send_fds(there, [len(call).to_bytes(4, "big")], streams)
            there.sendall(call)
            self.pid = int(there.recv(16))
        self._ended = os.pidfd_open(self.pid)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, if it has not ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def poll(self) -> int | None:
        """Return its status when it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return its status when it has ended, negative for a signal. Raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"forked process {self.pid}", timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self._ended)
        return self.returncode


def main(address: str, *imported: str) -> None:
    """Fork for each call, until standard input ends."""
    for name in imported:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start()
    print("ready", flush=True)
    while True:
        call, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            answer(call)
        call.close()


def answer(call: socket.socket) -> None:
    """Be the process that was called for, and end as it does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(call, 4, 3)
    arguments, environment, folder, parent = json.loads(call.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
    if parent:
        become_child_of(parent)
        call.sendall(str(os.getpid()).encode())
        call.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    status = 1
    try:
        status = run(arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if not parent:
            call.sendall(str(status).encode())
        os._exit(status)


def become_child_of(parent: int) -> None:
    """Go on as an orphan that the calling process has adopted, and end with it."""
    if os.fork():
        os._exit(0)
    while os.getppid() != parent:
        time.sleep(0.001)
    os.setsid()
    end_with_parent()


def run(arguments: list[str]) -> int:
    """Run a module or a file as Python does, and return the exit status."""
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            sys.path.insert(0, str(Path(arguments[0]).resolve().parent))
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
