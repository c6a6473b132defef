"""Ctrl-C, heard without losing what is under way.

The first signal is a message among others; the person is asked what to do. A second one leaves at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ...core.uninterrupted import handling


class Abort(Exception):
    """The person wants out now. What is under way on AWS goes on."""


class Control:
    """What the person wants, as the threads that watch stacks see it."""

    def __init__(self) -> None:
        self.undo = False
        self.wake = threading.Event()

    def ask_to_undo(self) -> None:
        """Tell every thread to take back what it is at."""
        self.undo = True
        self.wake.set()


@contextmanager
def heard(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` at the first SIGINT or SIGTERM, and raise Abort in the main thread at the second."""
    count = 0

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise Abort
        tell()

    with handling((signal.SIGINT, signal.SIGTERM), hear):
        yield


@contextmanager
def left_to_the_child() -> Iterator[None]:
    """Let Ctrl-C, Ctrl-\\ and Ctrl-Z reach a program that shares the terminal, and not end or stop this one.

    As the AWS CLI does around the Session Manager plugin, which sends them on to the shell in the container.
    """
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGTSTP") if hasattr(signal, name)]
    with handling(numbers, signal.SIG_IGN):
        yield
