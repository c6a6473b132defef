"""`failover`: bring a stage up in another region from the newest copy of its database."""

from __future__ import annotations

import argparse

from ...deploy.data.failover import Failover, FailoverOptions
from ...deploy.manifest import DELIVERY
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_changing(parser)
    parser.add_argument("--to", required=True, metavar="REGION", help="the region to move to")
    parser.add_argument("--snapshot", default="", metavar="ARN", help="start from this one instead of the newest copy")
    parser.add_argument(
        "--image", default="", metavar="URI", help="the container image, as the old region had it; or its digest"
    )
    parser.add_argument("--anyway", action="store_true", help="go on although something looks wrong")
    parser.add_argument("--dry-run", action="store_true", help="look and estimate, and change nothing")


def run(asked: argparse.Namespace) -> int:
    """Move, and return how it went."""
    asked.region = asked.to  # not even the account is asked of the region that is left
    terms = FailoverOptions(asked.to, asked.snapshot, asked.image, asked.yes, asked.dry_run, asked.anyway)
    known = session.manifest(asked)
    built, project = known.stacks_of(asked.stage), known.stacks_of(DELIVERY)
    return session.over_stacks(asked, "move", lambda start: Failover(start, terms, built, project).run())
