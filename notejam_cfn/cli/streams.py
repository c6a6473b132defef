"""The terminal's streams, whatever they are: closed, full, left by their reader, or short of an arrow.

`deploy --yes | head` deploys to the end. A command whose output could not be written says so by its status, unless its
reader left, who has read what was wanted.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

# For terminals that know few letters. What is not here becomes a question mark.
PLAIN = {"→": "->", "…": "...", "±": "+/-"}
FEW_LETTERS = "notejam.plain"


class Output:
    """A text stream that goes on into nothing when it cannot be written. `lost` says why, unless its reader left."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream or _nowhere("w")
        self._closed = stream is None
        self.lost = ""

    def write(self, text: str) -> int:
        """Write, or go on without."""
        if self._closed:
            self.lost = "it is closed"
        try:
            return self._stream.write(text)
        except OSError as error:
            return self._give_up(error, len(text))

    def flush(self) -> None:
        """Flush, or go on without."""
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error, 0)

    def _give_up(self, error: OSError, written: int) -> int:
        if not isinstance(error, BrokenPipeError):
            self.lost = str(error.strerror)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextmanager
def forgiving() -> Iterator[Output]:
    """Put streams in place that a command can rely on, and yield the standard output."""
    codecs.register_error(FEW_LETTERS, _plain)
    before = sys.stdin, sys.stdout, sys.stderr
    for stream in filter(None, before):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace" if stream is sys.stdin else FEW_LETTERS)
    out, error = Output(sys.stdout), Output(sys.stderr)
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout, sys.stderr = out, error
    try:
        yield out
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _nowhere(mode: str) -> TextIO:
    return io.TextIOWrapper(io.FileIO(os.devnull, mode), encoding="utf-8")


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Say in other letters what an encoding lacks."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(PLAIN.get(letter, "?") for letter in error.object[error.start : error.end]), error.end
