"""How the containers of a task run on this machine: in the application's image, or as plain processes of a checkout.

In the image (`sandbox.Sandbox`) a container meets what it meets on Fargate. A plain process has the environment and the
command of its container only: no other user, no read-only file system, no mounts and no process namespace.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ..database.postgres import end_with_parent
from .sandbox import Limits, Sandbox

ENTRYPOINT = ("python", "-m", "app")


@dataclasses.dataclass(frozen=True)
class Checkout:
    """Containers as processes of this machine, with the code of a checkout and the packages of this Python."""

    folder: Path
    authorities: Path
    confines: ClassVar = False

    @property
    def described(self) -> str:
        """What the containers run in."""
        return "processes of this machine, not in the image"

    @property
    def entrypoint(self) -> tuple[str, ...]:
        """The entry point that the Dockerfile has, where there is one."""
        dockerfile = self.folder / "app" / "Dockerfile"
        text = dockerfile.read_text(encoding="utf-8") if dockerfile.exists() else ""
        found = re.findall(r"^ENTRYPOINT (\[.*\])", text, re.MULTILINE)
        return tuple(json.loads(found[-1])) if found else ENTRYPOINT

    def process(self, limits: Limits, command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
        """Return the arguments of `subprocess.Popen`."""
        words = [sys.executable if word == "python" and not n else word for n, word in enumerate(command)]
        given = {"PATH": os.defpath, "HOME": "/tmp", **environment, "PGSSLROOTCERT": str(self.authorities)}
        given["DRAIN_SECONDS"] = "0"  # no load balancer learns of the end later; the image keeps to its own time
        return {"args": words, "cwd": self.folder, "env": given}


Runtime = Checkout | Sandbox
"""What starts the commands of containers."""


@dataclasses.dataclass(frozen=True)
class Running:
    """A container's process that has been started, and how to stop it as ECS does."""

    process: subprocess.Popen[bytes]
    confined: bool
    limits: Limits

    @classmethod
    def start(
        cls, runtime: Runtime, limits: Limits, words: Sequence[str], env: Mapping[str, str], log: Path
    ) -> Running:
        """Start a command in a container; what it writes goes to the log."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                **runtime.process(limits, words, env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,
                start_new_session=True,
            )
        return cls(process, runtime.confines, limits)

    def stop(self) -> bool:
        """Send SIGTERM, wait for as long as the definition lets it, then kill. Say whether it ended."""
        self.tell_to_stop()
        return self.ended(self.limits.stop_seconds)

    def tell_to_stop(self) -> None:
        """Send SIGTERM, which is the image's stop signal, unless it has ended."""
        if self.process.poll() is not None:
            return
        # It is for the program itself, which the sandbox and its init process stand around.
        pids = [self.process.pid]
        for _ in range((1 + self.limits.init) if self.confined else 0):
            pids = [child for child, parent in _parents().items() if parent in pids] or pids
        for pid in pids:
            os.kill(pid, signal.SIGTERM)

    def ended(self, seconds: float) -> bool:
        """Wait for its end, then kill. Say whether it ended by itself."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return False
        return True

    def memory_mib(self) -> float:
        """Return the most memory that the container's processes have held at a time, in MiB."""
        family, parents = {self.process.pid}, _parents()
        for _ in range(len(parents)):
            more = {child for child, parent in parents.items() if parent in family} - family
            if not more:
                break
            family |= more
        return sum(map(_peak_kib, family)) / 1024


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(folder.name)] = int(fields[1])
    return found


def _peak_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", status) or re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) if found else 0
