"""Bring a stage up, or bring it up to date: python scripts/deploy.py dev"""

from __future__ import annotations

from collections.abc import Sequence

from notejam_cfn.cli.operate import session
from notejam_cfn.cli.operate.runs import over_stacks
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.stacks.deploy import Deployment, Options


def main(given: Sequence[str] | None = None) -> Exit:
    """Deploy, and return how it went."""
    parser = session.parser("Bring a stage up, or up to date with output/.")
    session.changing(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--wait", action="store_true", help="wait for an operation that someone else began")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    parser.add_argument("--allow-replace", action="append", default=[], metavar="ID", help="data that may be lost")
    parser.add_argument("--tell-unchanged", action="store_true", help="end with 10 when there was nothing to do")
    asked = parser.parse_args(given)
    options = Options(asked.yes, asked.dry_run, asked.wait, frozenset(asked.allow_replace), tuple(asked.parameter))
    return over_stacks(
        asked,
        "deploy",
        lambda start: Deployment(start.aws, start.stacks, options, start.progress, start.person).run(),
        asked.tell_unchanged,
    )


if __name__ == "__main__":
    session.finish(main)
