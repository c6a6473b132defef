"""Spreads subjects over worker processes.

The workers are plain child processes that speak JSON lines rather than a `multiprocessing` pool: whatever ends this
process ends them, and a script that uses the library needs no `if __name__ == "__main__"`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...core.uninterrupted import uninterrupted
from .findings import LintFailed, Subject, Verdict

COMMAND = (sys.executable, "-P", "-m", f"{__package__}.worker")
PACKAGES = Path(__file__).resolve().parents[3]


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def judge(subjects: Sequence[Subject], jobs: int | None = None) -> Iterator[tuple[Subject, Verdict]]:
    """Yield each subject with its verdict as soon as it is known, in any order. Raises `LintFailed`."""
    if not subjects:
        return
    largest_first = sorted(subjects, key=lambda subject: -len(subject.text))
    count = min(jobs or processors(), len(subjects))
    threads = ThreadPoolExecutor(count)
    with _workers(count) as workers:
        idle: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in workers:
            idle.put(worker)
        try:
            for answer in as_completed([threads.submit(_ask, subject, idle) for subject in largest_first]):
                yield answer.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


@dataclasses.dataclass(frozen=True)
class Worker:
    """A process that judges, and the file that collects what it complains about: a full pipe would stop it."""

    process: subprocess.Popen[str]
    complaints: IO[str]


@contextmanager
def _workers(count: int) -> Iterator[list[Worker]]:
    """Start workers, and end them whatever happens."""
    workers: list[Worker] = []
    try:
        for _ in range(count):
            with uninterrupted():  # a process that was started and is not in the list yet would outlive this one
                workers.append(_start())
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
        for worker in workers:
            worker.process.communicate()
            worker.complaints.close()


def _start() -> Worker:
    path = os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH"))))
    complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed with the worker
    process = subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1"},
    )
    return Worker(process, complaints)


def _ask(subject: Subject, idle: queue.SimpleQueue[Worker]) -> tuple[Subject, Verdict]:
    """Have a worker that is idle judge a subject."""
    worker = idle.get()
    try:
        return subject, _verdict(worker, subject)
    finally:
        idle.put(worker)


def _verdict(worker: Worker, subject: Subject) -> Verdict:
    to, back = worker.process.stdin, worker.process.stdout
    assert to and back
    try:
        to.write(json.dumps(dataclasses.asdict(subject)) + "\n")
        to.flush()
        answer = back.readline()
    except OSError:
        answer = ""
    if not answer:
        worker.process.wait()
        worker.complaints.seek(0)
        last_words = worker.complaints.read().strip().rpartition("\n")[2] or f"status {worker.process.returncode}"
        raise LintFailed(f"{subject.name}: the lint process ended: {last_words}")
    return Verdict.from_json(json.loads(answer))
