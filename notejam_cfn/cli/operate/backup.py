"""`backup`: take a snapshot of a stage's database now, and export it to S3 if asked."""

from __future__ import annotations

import argparse

from ...core.terminal import say
from ...deploy.data import backups
from ...deploy.exit_codes import Exit
from ..arguments import print_json
from ..following import suggest
from . import session

KEPT_DAYS = 1127


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    parser.add_argument("--export", action="store_true", help="export it to S3 as Parquet when it is taken")
    parser.add_argument("--days", type=int, default=KEPT_DAYS, help=f"how long it is kept (default: {KEPT_DAYS})")


def run(asked: argparse.Namespace) -> int:
    """Take the snapshot and return how it went."""
    aws, out = session.connect(asked), session.talk(asked)
    known = backups.facts(aws, session.planned(asked))
    if asked.export:
        backups.require_exports(known)
    say(f"Taking a snapshot of {known.cluster_id}; this takes some minutes.", file=out)
    snapshot = backups.take(aws, known, asked.days)
    execution = backups.export(aws, known, snapshot) if asked.export else None
    say(f"Taken: {snapshot}", *([f"Being exported: {execution}"] if execution else []), file=out)
    if asked.json:
        print_json({"snapshot": snapshot, "export": execution})
    suggest(asked, f"backups {asked.stage}")
    return Exit.DONE
