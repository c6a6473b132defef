"""The image's size, and how long a container of it takes to its first answer.

    python benchmarks/image.py [--times 5]

The image is built when it is not kept already. The container runs as on Fargate, confined by bubblewrap, with a
database of SQLite in its one writable folder: the image, the interpreter and the application are measured, not a
network.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from notejam_cfn.local.containers import image
from notejam_cfn.local.containers.runtime import Running
from notejam_cfn.local.containers.sandbox import Limits, Sandbox
from notejam_cfn.local.database.postgres import free_port

ROOT = Path(__file__).parents[1]
LIMITS = Limits(user="10001", read_only=True, mounts={"/tmp": "tmp"}, init=True)
MOST_SECONDS = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the size and the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="how many containers are started, one after the other")
    asked = parser.parse_args(arguments)
    found = image.built(ROOT, tell=print)
    print(f"{found.megabytes:.0f} MB unpacked, {found.digest[:19]}")
    seconds = [first_answer(found) for _ in range(asked.times)]
    print(f"first answer after {statistics.median(seconds):.2f} s (of {', '.join(f'{one:.2f}' for one in seconds)})")
    return 0


def first_answer(built: image.Image) -> float:
    """Start a container and return the seconds until it answers."""
    with tempfile.TemporaryDirectory(prefix="image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "volumes").mkdir(mode=0o755)
        (folder / "authorities.pem").touch(mode=0o644)
        runtime = Sandbox(built, folder / "volumes", folder / "authorities.pem")
        given = {
            "PORT": str(free_port()),
            "DATABASE_PATH": "/tmp/notejam.db",
            "SESSION_SECRET": "x" * 40,
            "STAGE": "test",
        }
        Running.start(runtime, LIMITS, [*built.entrypoint, "migrate"], given, folder / "log").process.wait(MOST_SECONDS)
        began = time.monotonic()
        running = Running.start(runtime, LIMITS, [*built.entrypoint, "serve"], given, folder / "log")
        try:
            return wait_for_answer(given, folder / "log") - began
        finally:
            running.stop(built.stop_signal)


def wait_for_answer(given: Mapping[str, str], log: Path) -> float:
    """Return when the container answers. Raises RuntimeError with its log when it does not."""
    deadline = time.monotonic() + MOST_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{given['PORT']}/healthz", timeout=2):
            return time.monotonic()
        time.sleep(0.01)
    raise RuntimeError(log.read_text(encoding="utf-8"))


if __name__ == "__main__":
    raise SystemExit(main())
