"""Open a shell in a running container: python scripts/exec.py dev"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from notejam_cfn.cli.operate import session
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.service import ecs_exec
from notejam_cfn.deploy.service.stages import Stage


def main(given: Sequence[str] | None = None) -> Exit:
    """Connect this terminal to a container, until the command there ends."""
    parser = session.parser("Open a shell, or run a command, in a container of a stage that allows it.")
    parser.add_argument("--container", default="web", help="which container; web by default")
    parser.add_argument("--command", default="/bin/sh", help="what to run; a shell by default")
    asked = parser.parse_args(given)
    aws = session.connect(asked)
    command = ecs_exec.session_command(aws, Stage(aws, session.planned(asked)), asked.container, asked.command)
    subprocess.run(command, check=False)
    return Exit.DONE


if __name__ == "__main__":
    session.finish(main)
