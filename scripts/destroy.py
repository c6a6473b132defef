"""Remove a stage, or some of its stacks: python scripts/destroy.py dev"""

from __future__ import annotations

from collections.abc import Sequence

from notejam_cfn.deployment import cli
from notejam_cfn.deployment.destroy import Destruction, Options
from notejam_cfn.deployment.exits import Exit
from notejam_cfn.deployment.runs import over_stacks


def main(given: Sequence[str] | None = None) -> Exit:
    """Remove, and return how it went."""
    parser = cli.parser("Remove a stage, after showing what is lost, kept and turned into a snapshot.")
    cli.changing(parser)
    parser.add_argument("--unprotect", action="store_true", help="remove it although it is protected")
    parser.add_argument("--keep", action="append", default=[], metavar="ID", help="a resource that may stay behind")
    asked = parser.parse_args(given)
    options = Options(asked.yes, asked.unprotect, tuple(asked.keep))
    return over_stacks(
        asked,
        "destroy",
        lambda start: Destruction(start.aws, start.stacks, options, start.progress, start.person).run(),
    )


if __name__ == "__main__":
    cli.finish(main)
