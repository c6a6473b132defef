"""Password hashes: argon2id with OWASP's parameters, a few at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from ..errors import Overloaded

# Each hash takes 19 MiB and about 25 ms of a whole core: on a quarter of a core, 100 ms.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
SECONDS_TO_WAIT = 10


class Passwords:
    """Hashes and checks passwords, at most `limit` at the same time, so that memory stays bounded."""

    def __init__(self, limit: int) -> None:
        self._turn = threading.BoundedSemaphore(limit)

    def hash(self, password: str) -> str:
        """Return what the database keeps instead of the password."""
        with self._one_of_few():
            return HASHER.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Compare; for an unknown account (None) take as long as for a known one, and say no."""
        with self._one_of_few():
            try:
                return HASHER.verify(stored or self._nobody, password) and stored is not None
            except (Argon2Error, InvalidHashError):
                return False

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return HASHER.check_needs_rehash(stored)

    @cached_property
    def _nobody(self) -> str:
        return HASHER.hash("nobody has this password")

    @contextmanager
    def _one_of_few(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=SECONDS_TO_WAIT):
            raise Overloaded("too many passwords are being checked")
        try:
            yield
        finally:
            self._turn.release()
