"""`backups`: list every recovery point of a stage with age, tier and size, and how far back they reach."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from ...core.terminal import say, say_table
from ...deploy.data import backups
from ...deploy.exit_codes import Exit
from ..arguments import print_json
from ..following import suggest
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)


def run(asked: argparse.Namespace) -> int:
    """List the recovery points, and return how it went."""
    aws, now = session.connect(asked), datetime.now(UTC)
    known = backups.facts(aws, session.planned(asked))
    points = backups.recovery_points(aws, known.region, known.vault_name)
    seconds = backups.window(aws, known.region, known.cluster_id)
    oldest = backups.oldest(points, seconds)
    if asked.json:
        print_json({"oldest": oldest, "points": [backups.document(point, now) for point in points]})
        return Exit.DONE
    say_table(backups.table(points, now))
    if seconds:
        say(f"Any second from {seconds.earliest:%Y-%m-%d %H:%M:%S} to {seconds.latest:%Y-%m-%d %H:%M:%S} UTC.")
    if not backups.turned_on(aws, known.region):
        say(f"AWS Backup is turned off for Aurora here, and makes no backups. Run: {backups.turn_on(known.region)}")
    say(f"Oldest recoverable: {oldest:%Y-%m-%d %H:%M UTC}." if oldest else "Nothing can be recovered yet.")
    suggest(asked, f"{'restore' if oldest else 'backup'} {asked.stage}")
    return Exit.DONE
