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
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .findings import Subject, Verdict

COMMAND = (sys.executable, "-P", "-m", f"{__package__}.worker")
PACKAGES = Path(__file__).resolve().parents[2]
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


@contextmanager
def _workers(count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Start workers, and end them whatever happens."""
    workers: list[subprocess.Popen[str]] = []
    try:
        for _ in range(count):
            workers.append(_start())
        yield workers
    finally:
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.communicate()


def _start() -> subprocess.Popen[str]:
    path = os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": path, "PYTHONUTF8": "1"},
    )


def _feed(worker: subprocess.Popen[str], waiting: queue.SimpleQueue[Subject], answers: Answers) -> None:
    """Hand a worker one subject after another until none is left. Problems are handed over like answers."""
    try:
        while True:
            subject = waiting.get_nowait()
            answers.put((subject, _ask(worker, subject)))
    except queue.Empty:
        return
    except BaseException as problem:
        answers.put(problem)


def _ask(worker: subprocess.Popen[str], subject: Subject) -> Verdict:
    assert worker.stdin and worker.stdout and worker.stderr
    try:
        worker.stdin.write(json.dumps(dataclasses.asdict(subject)) + "\n")
        worker.stdin.flush()
        answer = worker.stdout.readline()
    except OSError:
        answer = ""
    if not answer:
        last_words = worker.stderr.read().strip().rpartition("\n")[2] or "no reason given"
        raise LintFailed(f"{subject.name}: the lint process ended: {last_words}")
    return Verdict.from_json(json.loads(answer))
