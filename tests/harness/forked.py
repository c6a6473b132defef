"""Python processes that begin with everything imported: each is forked from one that has done it.

    with forked.python(folder) as program:  # a program to be called as `python -m MODULE …` or `python FILE …`
        subprocess.run([program, "-m", "notejam_cfn", "status", "dev"])

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
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

IMPORTED = (
    "boto3",
    "notejam_cfn.cli.operate.deploy",
    "notejam_cfn.cli.operate.release",
    "notejam_cfn.deploy.data.restore",
)
# Runs without site and its packages, in 20 ms.
CALL = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1:2] != ["-m"] and not sys.argv[1:2][0].endswith(".py"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
there = socket.socket(socket.AF_UNIX)
there.connect({address!r})
call = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
socket.send_fds(there, [len(call).to_bytes(4, "big")], [0, 1, 2])
there.sendall(call)
sys.exit(int(there.recv(4) or b"137"))
"""


@contextlib.contextmanager
def python(folder: Path) -> Iterator[Path]:
    """Write the program into a folder, and start what it forks from; that ends with the block or with this process."""
    address, program = folder / "python.socket", folder / "forked-python"
    program.write_text(CALL.format(python=sys.executable, address=str(address)), encoding="utf-8")
    program.chmod(0o755)
    words = [sys.executable, "-m", "tests.harness.forked", str(address)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdin and first.stdout
        first.stdout.readline()
        yield program
        first.stdin.close()


def main(address: str) -> None:
    """Fork for each call, until standard input ends."""
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
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
    arguments, environment, folder = json.loads(call.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
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
        call.sendall(str(status).encode())
        os._exit(status)


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
    main(sys.argv[1])
