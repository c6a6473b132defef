"""Take a snapshot of a stage's database now: python scripts/backup.py prod --export"""

from __future__ import annotations

from collections.abc import Sequence

from notejam_cfn.cli.operate import session
from notejam_cfn.deploy.data import backups
from notejam_cfn.deploy.exit_codes import Exit

KEPT_DAYS = 1127


def main(given: Sequence[str] | None = None) -> Exit:
    """Take the snapshot and return how it went."""
    parser = session.parser("Take a snapshot of a stage's database now, and export it to S3 if asked.")
    parser.add_argument("--export", action="store_true", help="export it to S3 as Parquet when it is taken")
    parser.add_argument("--days", type=int, default=KEPT_DAYS, help=f"how long it is kept (default: {KEPT_DAYS})")
    asked = parser.parse_args(given)
    aws, out = session.connect(asked), session.talk(asked)
    known = backups.facts(aws, session.planned(asked))
    if asked.export:
        backups.require_exports(known)
    print(f"Taking a snapshot of {known.cluster_id}; this takes some minutes.", file=out)
    snapshot = backups.take(aws, known, asked.days)
    execution = backups.export(aws, known, snapshot) if asked.export else None
    print(f"Taken: {snapshot}" + (f"\nBeing exported: {execution}" if execution else ""), file=out)
    if asked.json:
        session.print_json({"snapshot": snapshot, "export": execution})
    return Exit.DONE


if __name__ == "__main__":
    session.finish(main)
