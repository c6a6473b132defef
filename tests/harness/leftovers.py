"""The run fails when a test leaves a process behind, whoever started it and wherever it went."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
SECONDS_TO_END = 3.0


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends, so that none escapes the count. Linux only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def left_over() -> list[str]:
    """End the processes that descend from this one and did not end by themselves; return their command lines."""
    deadline = time.monotonic() + SECONDS_TO_END
    while (found := _descendants(os.getpid())) and time.monotonic() < deadline:
        time.sleep(0.1)
    for line in found:
        with contextlib.suppress(OSError):
            os.kill(int(line.split()[0]), signal.SIGKILL)
    return found


def _descendants(pid: int) -> list[str]:
    found = []
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError):
                found += _line(int(child)) + _descendants(int(child))
    return found


def _line(pid: int) -> list[str]:
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    # A process that has ended and that nobody asked for its status yet holds nothing.
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return [] if state == "Z" else [f"{pid} {words[:200]}"]
