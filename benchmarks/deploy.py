"""How long deploying takes on this machine: python benchmarks/deploy.py [STAGE]

Everything runs against the emulator, so the figures are what the scripts themselves cost: AWS adds its own time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from notejam_cfn.deploy.stacks.execution.scheduler import Scheduler
from notejam_cfn.local import emulator

ROOT = Path(__file__).parents[1]
RUNS = 5
STACKS = 100
BARS = {
    "the whole rehearsal": "60 s",
    "nothing to change": "2 s and one call a stack",
    "the scheduler, a stack": "50 ms",
}


def main(stage: str) -> None:
    """Print each figure beside its bar."""
    with emulator.running() as aws:
        script(aws, "deploy", stage, "--yes")
        show("nothing to change", median(lambda: script(aws, "deploy", stage, "--yes")), "s")
    show("the scheduler, a stack", median(schedule) / STACKS * 1000, "ms")
    show(
        "a command without boto3 (--help)",
        median(lambda: run([sys.executable, "-m", "notejam_cfn", "deploy", "--help"])),
        "s",
    )
    show("the whole rehearsal", timed(lambda: run([sys.executable, "-m", "notejam_cfn", "rehearse", stage])), "s")


def show(what: str, figure: float, unit: str) -> None:
    """Print a figure, and the bar where there is one."""
    bar = f"(at most {BARS[what]})" if what in BARS else ""
    print(f"{what:<34} {figure:8.2f} {unit:<3} {bar}", flush=True)


def script(aws: emulator.Emulator, name: str, *arguments: str) -> None:
    """Run a script against the emulator."""
    run([sys.executable, f"scripts/{name}.py", *arguments], aws.environment)


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a command, which must succeed."""
    given = os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {})
    subprocess.run(command, cwd=ROOT, env=given, check=True, stdout=subprocess.DEVNULL)


def schedule() -> None:
    """Run work that does nothing for a chain of stacks, as the worst case."""
    scheduler: Scheduler[bool] = Scheduler({str(n): (str(n - 1),) for n in range(STACKS)}, bool)
    scheduler.run(lambda name, tell: True, lambda message: None)


def median(work: Callable[[], None]) -> float:
    """Return the median time of a few runs."""
    return statistics.median(timed(work) for _ in range(RUNS))


def timed(work: Callable[[], None]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure how long deploying takes on this machine.")
    parser.add_argument("stage", metavar="STAGE", nargs="?", default="dev", help="a stage of notejam.toml")
    main(parser.parse_args().stage)
