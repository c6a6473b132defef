"""Say how a stage is: python scripts/status.py dev"""

from __future__ import annotations

from collections.abc import Sequence

from notejam_cfn.deployment import cli
from notejam_cfn.deployment.deploy import read_templates
from notejam_cfn.deployment.exits import Exit
from notejam_cfn.deployment.report import lines, report
from notejam_cfn.deployment.stages import Stage


def main(given: Sequence[str] | None = None) -> Exit:
    """Look, and say what there is."""
    parser = cli.parser("Show the stacks, tasks, image, database, last backup and address of a stage.")
    parser.add_argument("--drift", action="store_true", help="also look for changes made by hand; takes a minute")
    asked = parser.parse_args(given)
    stacks = cli.planned(asked)
    found = report(Stage(cli.connect(asked), stacks), read_templates(stacks), asked.drift)
    if asked.json:
        cli.print_json(found)
    else:
        print("\n".join(lines(found)))
    return Exit.DONE


if __name__ == "__main__":
    cli.finish(main)
