"""`restore`: restore a stage's database in place, or into another stage; the old one is kept."""

from __future__ import annotations

import argparse

from ...deploy.data.restore import Restore, RestoreOptions
from ...deploy.stacks.execution.outcomes import Result
from ...deploy.stacks.stack_run import Session
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_changing(parser)
    parser.add_argument("--to", default="latest", metavar="TIME|SNAPSHOT", help="a time in UTC, a snapshot, or: latest")
    parser.add_argument("--as", dest="other", metavar="STAGE", help="bring up this stage of notejam.toml from it")
    parser.add_argument(
        "--discard-old", action="store_true", help="delete the clusters that earlier restores have kept"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan, and change nothing")


def run(asked: argparse.Namespace) -> int:
    """Restore, and return how it went."""
    terms = RestoreOptions(asked.to, asked.yes, asked.dry_run)

    def restore(start: Session) -> dict[str, Result]:
        run = Restore(start, terms)
        if asked.discard_old:
            start.progress.write(f"Last snapshots: {', '.join(run.discard_old()) or 'none'}")
            return {}
        if asked.other:
            others = session.in_region(session.manifest(asked).stacks_of(asked.other), asked.region)
            return run.beside(others)
        return run.in_place()

    return session.over_stacks(asked, "restore", restore)
