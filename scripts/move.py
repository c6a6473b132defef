"""Bring a stage up in another region, from the copies there: python scripts/move.py prod --to eu-west-1"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from notejam_cfn.cli.operate import session
from notejam_cfn.cli.operate.runs import Session, over_stacks
from notejam_cfn.deploy.data.failover import Failover, FailoverOptions
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.manifest import DELIVERY
from notejam_cfn.deploy.stacks.outcomes import Result


def main(given: Sequence[str] | None = None) -> Exit:
    """Move, and return how it went."""
    parser = session.parser("Bring a stage up in another region from the newest copy of its database.")
    session.changing(parser)
    parser.add_argument("--to", required=True, metavar="REGION", help="the region to move to")
    parser.add_argument("--snapshot", default="", metavar="ARN", help="start from this one instead of the newest copy")
    parser.add_argument(
        "--image", default="", metavar="URI", help="the container image, as the old region had it; or its digest"
    )
    parser.add_argument("--anyway", action="store_true", help="go on although something looks wrong")
    parser.add_argument("--dry-run", action="store_true", help="look and estimate, and change nothing")
    asked = parser.parse_args(given)
    asked.region = asked.to  # not even the account is asked of the region that is left
    terms = FailoverOptions(asked.to, asked.snapshot, asked.image, asked.yes, asked.dry_run, asked.anyway)

    def move(start: Session) -> dict[str, Result]:
        known = session.manifest(asked)
        built = (*known.stacks_of(asked.stage), *known.stacks_of(DELIVERY))
        return Failover(start.aws, built, terms, start.progress, start.person, datetime.now(UTC)).run()

    return over_stacks(asked, "move", move)


if __name__ == "__main__":
    session.finish(main)
