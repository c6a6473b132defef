"""Rehearse a stage without AWS: python scripts/rehearse.py dev"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from notejam_cfn.cli.operate import session
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.ui.progress import KINDS, Silent, minutes
from notejam_cfn.local.rehearse import FAILURES, Settings, rehearse


def main(given: Sequence[str] | None = None) -> Exit:
    """Rehearse, and return how it went."""
    parser = session.parser(
        "Deploy, use, update and remove a stage on this machine, without AWS and without Docker.", False
    )
    parser.add_argument("stage", metavar="STAGE", nargs="?", default="dev", help="a stage of notejam.toml")
    parser.add_argument("--keep", action="store_true", help="leave it running for a browser until Enter is pressed")
    parser.add_argument(
        "--image",
        action=argparse.BooleanOptionalAction,
        help="run the containers in the application's image, building it if need be; by default when it is built",
    )
    parser.add_argument("--progress", choices=KINDS, help="show the deployments inside, and how")
    asked = parser.parse_args(given)
    keep = _keep if asked.keep else None
    settings = Settings(asked.stage, Path.cwd(), asked.image, keep, KINDS.get(asked.progress, Silent))
    try:
        seconds = rehearse(session.manifest(asked), settings, _teller())
    except FAILURES as failure:
        print(f"\nThe rehearsal of {asked.stage} failed: {failure}")
        for step in getattr(failure, "advice", ()):
            print(f"  → {step}")
        return Exit.ROLLED_BACK
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


if __name__ == "__main__":
    session.finish(main)
