"""Say how a stage is: python scripts/status.py dev"""

from __future__ import annotations

from collections.abc import Sequence

from notejam_cfn.cli.operate import session
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.service.stage_status import lines, report
from notejam_cfn.deploy.service.stages import Stage
from notejam_cfn.deploy.stacks.deploy import read_templates


def main(given: Sequence[str] | None = None) -> Exit:
    """Look, and say what there is."""
    parser = session.parser("Show the stacks, tasks, image, database, last backup and address of a stage.")
    parser.add_argument("--drift", action="store_true", help="also look for changes made by hand; takes a minute")
    asked = parser.parse_args(given)
    stacks = session.planned(asked)
    found = report(Stage(session.connect(asked), stacks), read_templates(stacks), asked.drift)
    if asked.json:
        session.print_json(found)
    else:
        print("\n".join(lines(found)))
    return Exit.DONE


if __name__ == "__main__":
    session.finish(main)
