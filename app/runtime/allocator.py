"""Keeping a worker small on a task of 512 MiB."""

from __future__ import annotations

import contextlib
import ctypes
import gc

# The numbers of <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8


def settle() -> None:
    """Take what was loaded at the start out of the garbage collector's rounds, which then look at requests alone."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def bound() -> None:
    """Make glibc give memory back.

    Left alone, it keeps an arena for each thread and, once a password's 19 MiB were freed, keeps blocks of that size
    for the next one. Elsewhere than on glibc this does nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(M_ARENA_MAX, 2)
        allocator.mallopt(M_MMAP_THRESHOLD, 256 * 1024)
        allocator.mallopt(M_TRIM_THRESHOLD, 1024 * 1024)
