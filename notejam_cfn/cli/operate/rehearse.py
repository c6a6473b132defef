"""`rehearse`: deploy, use, update and remove a stage on this machine, without AWS and without Docker."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from ...deploy.exit_codes import Exit
from ...deploy.ui.progress import KINDS, Silent, minutes
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser, stage=False)
    parser.add_argument("stage", metavar="STAGE", nargs="?", default="dev", help="a stage of notejam.toml")
    parser.add_argument("--keep", action="store_true", help="leave it running for a browser until Enter is pressed")
    parser.add_argument(
        "--image",
        action=argparse.BooleanOptionalAction,
        help="run the containers in the application's image, building it if need be; by default when it is built",
    )
    parser.add_argument("--progress", choices=KINDS, help="show the deployments inside, and how")


def run(asked: argparse.Namespace) -> int:
    """Rehearse, and return how it went."""
    from ...local.rehearse import FAILURES, Settings, rehearse

    keep = _keep if asked.keep else None
    settings = Settings(asked.stage, Path.cwd(), asked.image, keep, KINDS.get(asked.progress, Silent))
    try:
        seconds = rehearse(session.manifest(asked), settings, _teller())
    except FAILURES as failure:
        print(f"\nThe rehearsal of {asked.stage} failed: {failure}")
        for step in getattr(failure, "advice", ()):
            print(f"  → {step}")
        return Exit.FAILED
    except KeyboardInterrupt:
        print("\nInterrupted; nothing is left running.")
        return Exit.INTERRUPTED
    print(f"The rehearsal of {asked.stage} went well, in {seconds:.0f} s.")
    return Exit.DONE


def _keep(address: str) -> None:
    print(f"\n  Open {address}\n")
    input("Press Enter to remove everything. ")


def _teller() -> Callable[[str], None]:
    began = time.monotonic()
    return lambda words: print(f"{minutes(time.monotonic() - began):>6}  {words}", flush=True)
