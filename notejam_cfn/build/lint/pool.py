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
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .findings import Subject, Verdict

COMMAND = (sys.executable, "-P", "-m", f"{__package__}.worker")
PACKAGES = Path(__file__).resolve().parents[3]
Answers = queue.SimpleQueue[tuple[Subject, Verdict] | BaseException]


class LintFailed(RuntimeError):
    """A worker ended before it had answered. The message carries what it said last."""


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def judge(subjects: Sequence[Subject], jobs: int | None = None) -> Iterator[tuple[Subject, Verdict]]:
    """Yield each subject with its verdict as soon as it is known, in any order. Raises `LintFailed`."""
    largest_first = sorted(subjects, key=lambda subject: -len(subject.text))
    waiting: queue.SimpleQueue[Subject] = queue.SimpleQueue()
    for subject in largest_first:
        waiting.put(subject)
    answers: Answers = queue.SimpleQueue()
    with _workers(min(jobs or processors(), len(subjects))) as workers:
        for worker in workers:
            threading.Thread(target=_feed, args=(worker, waiting, answers), daemon=True).start()
        for _ in subjects:
            answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            yield answer


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


def _feed(worker: Worker, waiting: queue.SimpleQueue[Subject], answers: Answers) -> None:
    """Hand a worker one subject after another until none is left. Problems are handed over like answers."""
    try:
        while True:
            subject = waiting.get_nowait()
            answers.put((subject, _ask(worker, subject)))
    except queue.Empty:
        return
    except BaseException as problem:
        answers.put(problem)


def _ask(worker: Worker, subject: Subject) -> Verdict:
    to, back = worker.process.stdin, worker.process.stdout
    assert to and back
    try:
        to.write(json.dumps(dataclasses.asdict(subject)) + "\n")
        to.flush()
        answer = back.readline()
    except OSError:
        answer = ""
    if not answer:
        raise LintFailed(f"{subject.name}: the lint process ended: {_last_words(worker)}")
    return Verdict.from_json(json.loads(answer))


def _last_words(worker: Worker) -> str:
    worker.process.wait()
    worker.complaints.seek(0)
    return worker.complaints.read().strip().rpartition("\n")[2] or f"status {worker.process.returncode}"
