"""What a test asks the emulator to get wrong.

Faults are kept in the emulator's process; a test sends them as JSON to `/_rehearsal/faults` (see `emulator.Emulator`).
"""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

EVERY_TIME = 1_000_000


@dataclasses.dataclass
class Answer:
    """A request that is answered with an error, or not at all, instead of being served."""

    action: str
    error: str
    times: int = 1
    status: int = 400
    message: str = ""


@dataclasses.dataclass
class Failure:
    """A resource that fails when it is created, updated or deleted; the first `skip` times it does not."""

    logical_id: str
    operation: str
    reason: str
    times: int = EVERY_TIME
    skip: int = 0


@dataclasses.dataclass
class Faults:
    """Everything that goes wrong, and how slowly the rest goes. `exports` is why exports to S3 fail, if they do."""

    seconds_per_resource: float = 0.0
    exports: str = ""
    answers: list[Answer] = dataclasses.field(default_factory=list)
    failures: list[Failure] = dataclasses.field(default_factory=list)
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)
    _replaced: threading.Event = dataclasses.field(default_factory=threading.Event, repr=False)

    def replace(self, document: dict[str, Any]) -> None:
        """Take the faults of a JSON document; those not named in it end, and what waits for its time goes on."""
        with self._lock:
            self._replaced.set()
            self._replaced = threading.Event()
            self.seconds_per_resource = float(document.get("seconds_per_resource", 0))
            self.exports = str(document.get("exports", ""))
            self.answers = [Answer(**item) for item in document.get("answers", ())]
            self.failures = [Failure(**item) for item in document.get("failures", ())]

    def answer_for(self, action: str) -> Answer | None:
        """Return how this request is to be answered, once; None to serve it."""
        with self._lock:
            found = next((item for item in self.answers if item.action == action and item.times > 0), None)
            if found:
                found.times -= 1
            return found

    def strike(self, operation: str, logical_id: str) -> None:
        """Take the time a resource takes, or until a test changes the faults, and raise when it is to fail."""
        if self.seconds_per_resource:
            self._replaced.wait(self.seconds_per_resource)
        with self._lock:
            hits = (f for f in self.failures if (f.operation, f.logical_id) == (operation, logical_id) and f.times > 0)
            found = next(hits, None)
            if found is None:
                return
            if found.skip:
                found.skip -= 1
                return
            found.times -= 1
        raise ValueError(found.reason)


FAULTS = Faults()
