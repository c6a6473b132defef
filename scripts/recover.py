"""Help a stage whose stacks are stuck: python scripts/recover.py dev"""

from __future__ import annotations

from collections.abc import Sequence

from notejam_cfn.deployment import cli
from notejam_cfn.deployment.exits import Exit
from notejam_cfn.deployment.recover import Options, Recovery
from notejam_cfn.deployment.runs import over_stacks


def main(given: Sequence[str] | None = None) -> Exit:
    """Recover, and return how it went."""
    parser = cli.parser("Continue a rollback that failed, or take back what was left half done.")
    cli.changing(parser)
    parser.add_argument("--skip", action="append", default=[], metavar="ID", help="a resource to leave as it is")
    asked = parser.parse_args(given)
    options = Options(asked.yes, tuple(asked.skip))
    return over_stacks(
        asked,
        "recover",
        lambda start: Recovery(start.aws, start.stacks, options, start.progress, start.person).run(),
    )


if __name__ == "__main__":
    cli.finish(main)
