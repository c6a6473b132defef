"""Remove a stage, or some of its stacks: python scripts/destroy.py dev"""

from __future__ import annotations

from collections.abc import Sequence

from notejam_cfn.cli.operate import session
from notejam_cfn.cli.operate.runs import over_stacks
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.stacks.destroy import Destruction, Options


def main(given: Sequence[str] | None = None) -> Exit:
    """Remove, and return how it went."""
    parser = session.parser("Remove a stage, after showing what is lost, kept and turned into a snapshot.")
    session.changing(parser)
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
    session.finish(main)
