"""Measures the build as people meet it: whole processes, their time and memory, and how both grow with the stages.

    python benchmarks/build.py [--quick] [--assert]

Seconds depend on the machine, so every figure also stands as a ratio to a baseline measured in the same run: a process
that imports troposphere and PyYAML and ends. Where Node.js is there and `npm ci` has run in benchmarks/cdk, the time
that the CDK takes to synthesize one stage is printed beside this project's. `--quick` leaves out lint of 30 stages;
`--assert` ends with status 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAGES = (1, 3, 10, 30)
SIZES = ("economy", "standard", "resilient")
BASELINE = "import troposphere.ec2, troposphere.ecs, troposphere.rds, yaml"
FINDINGS = 1  # a template that lint objects to takes as long as any other
CDK = ROOT / "benchmarks" / "cdk"
# What this project may take of the time that the CDK does for one stage.
PARTS = {"build --no-lint --stage dev": 1 / 9, "build --no-lint": 1 / 4}
COMPOSE = "import notejam_cfn as n; from notejam_cfn.config import loader; n.stacks_of(loader.load('notejam.toml'))"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a process, its own children included, took: wall-clock seconds, and megabytes of the largest of them."""

    seconds: float
    megabytes: float


@dataclasses.dataclass(frozen=True)
class Bar:
    """What a run may take at the most."""

    seconds: float = float("inf")
    megabytes: float = float("inf")

    def missed_by(self, run: Run) -> bool:
        """Tell whether a run took more."""
        return run.seconds > self.seconds or run.megabytes > self.megabytes


BARS = {("build --no-lint", 3): Bar(0.6, 60), ("build, lint cold", 3): Bar(30), ("build, lint warm", 3): Bar(1.5)}


def main() -> int:
    """Print every figure, and return 1 when a bar was missed and --assert is given."""
    options = _options()
    baseline = best_of(5, [sys.executable, "-c", BASELINE], ROOT)
    print(f"baseline: {BASELINE}: {baseline.seconds:.3f} s, {baseline.megabytes:.0f} MB\n")
    print(f"{'':18}{'stages':>7}{'seconds':>9}{'ratio':>8}{'MB':>6}{'ratio':>8}  bar")
    missed = 0
    for stages in STAGES:
        for what, run in measure(stages, with_lint=not (options.quick and stages > 3)):
            bar = BARS.get((what, stages))
            missed += bool(bar and bar.missed_by(run))
            print(_line(what, stages, run, baseline, bar), flush=True)
    missed += beside_the_cdk()
    return 1 if missed and options.bars else 0


def measure(stages: int, with_lint: bool) -> list[tuple[str, Run]]:
    """Return what composing, rendering and linting a project of so many stages take, each in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        (directory / "notejam.toml").write_text(configuration(stages))
        build = [sys.executable, "-m", "notejam_cfn", "build", "--quiet"]
        runs = [
            ("compose", best_of(3, [sys.executable, "-c", COMPOSE], directory)),
            ("build --no-lint", best_of(3, [*build, "--no-lint"], directory)),
        ]
        if with_lint:
            runs.append(("build, lint cold", run_of(build, directory)))
            runs.append(("build, lint warm", best_of(3, build, directory)))
        return runs


def beside_the_cdk() -> int:
    """Print how long the CDK takes for one stage, and this project for one and for all, and return the bars missed."""
    node = shutil.which("node")
    if node is None or not (CDK / "node_modules").is_dir():
        print("\nnot compared with the CDK: install Node.js, and run `npm ci` in benchmarks/cdk")
        return 0
    missed = 0
    with tempfile.TemporaryDirectory() as place:
        theirs = best_of(3, [node, str(CDK / "app.js"), place], CDK)
        print(f"\nthe CDK, one stage: {theirs.seconds:.2f} s, {theirs.megabytes:.0f} MB")
        for what, part in PARTS.items():
            command = [sys.executable, "-m", "notejam_cfn", *what.split(), "--quiet", "--output", place]
            ours = best_of(5, command, ROOT)
            ratio = ours.seconds / theirs.seconds
            missed += ratio > part
            verdict = "missed" if ratio > part else "met"
            print(f"{what}: {ours.seconds:.2f} s, 1/{1 / ratio:.1f} of it; at most 1/{1 / part:.0f}: {verdict}")
    return missed


def configuration(stages: int) -> str:
    """Return a notejam.toml with so many stages, of each size in turn."""
    return "".join(
        f'[stages.s{number}]\nregion = "eu-central-1"\nsize = "{SIZES[number % 3]}"\n'
        f'network.cidr = "10.{number}.0.0/16"\n'
        for number in range(stages)
    )


def best_of(times: int, command: Sequence[str], directory: Path) -> Run:
    """Run a command several times and return the fastest: the rest is what else the machine did."""
    return min((run_of(command, directory) for _ in range(times)), key=lambda run: run.seconds)


def run_of(command: Sequence[str], directory: Path) -> Run:
    """Run a command in a directory that also holds its caches. Raises `SystemExit` when it cannot do its work."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "NOTEJAM_CACHE_DIR": str(directory / "cache"),
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "notejam-benchmark"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled, too
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status) not in (0, FINDINGS):
        raise SystemExit(f"{' '.join(command)} failed")
    return Run(seconds, usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024))


def _line(what: str, stages: int, run: Run, baseline: Run, bar: Bar | None) -> str:
    verdict = "" if bar is None else "missed" if bar.missed_by(run) else "met"
    return (
        f"{what:18}{stages:7}{run.seconds:9.2f}{run.seconds / baseline.seconds:8.1f}"
        f"{run.megabytes:6.0f}{run.megabytes / baseline.megabytes:8.1f}  {verdict}"
    ).rstrip()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the build, and how it grows from 1 to 30 stages.")
    parser.add_argument("--quick", action="store_true", help="lint no more than 3 stages")
    parser.add_argument("--assert", dest="bars", action="store_true", help="status 1 when a bar is missed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
