"""Help a stage whose stacks are stuck: python scripts/recover.py dev"""

from __future__ import annotations

from collections.abc import Sequence

from notejam_cfn.cli.operate import session
from notejam_cfn.cli.operate.runs import over_stacks
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.stacks.recover import Options, Recovery


def main(given: Sequence[str] | None = None) -> Exit:
    """Recover, and return how it went."""
    parser = session.parser("Continue a rollback that failed, or take back what was left half done.")
    session.changing(parser)
    parser.add_argument("--skip", action="append", default=[], metavar="ID", help="a resource to leave as it is")
    asked = parser.parse_args(given)
    options = Options(asked.yes, tuple(asked.skip))
    return over_stacks(
        asked,
        "recover",
        lambda start: Recovery(start.aws, start.stacks, options, start.progress, start.person).run(),
    )


if __name__ == "__main__":
    session.finish(main)
