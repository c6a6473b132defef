"""Put a stage's database back: python scripts/restore.py prod --to 2026-11-23T14:05"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from notejam_cfn.cli.operate import session
from notejam_cfn.cli.operate.runs import Session, over_stacks
from notejam_cfn.deploy.data.restore import Restore, RestoreOptions
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.stacks.outcomes import Result


def main(given: Sequence[str] | None = None) -> Exit:
    """Restore, and return how it went."""
    parser = session.parser("Restore a stage's database in place, or into another stage; the old one is kept.")
    session.changing(parser)
    parser.add_argument("--to", default="latest", metavar="TIME|SNAPSHOT", help="a time in UTC, a snapshot, or: latest")
    parser.add_argument("--as", dest="other", metavar="STAGE", help="bring up this stage of notejam.toml from it")
    parser.add_argument(
        "--discard-old", action="store_true", help="delete the clusters that earlier restores have kept"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan, and change nothing")
    asked = parser.parse_args(given)
    terms = RestoreOptions(asked.to, asked.yes, asked.dry_run)

    def restore(start: Session) -> dict[str, Result]:
        run = Restore(start.aws, start.stacks, terms, start.progress, start.person, datetime.now(UTC))
        if asked.discard_old:
            start.progress.write(f"Last snapshots: {', '.join(run.discard_old()) or 'none'}")
            return {}
        if asked.other:
            others = session.in_region(session.manifest(asked).stacks_of(asked.other), asked.region)
            return run.beside(others)
        return run.in_place()

    return over_stacks(asked, "restore", restore)


if __name__ == "__main__":
    session.finish(main)
