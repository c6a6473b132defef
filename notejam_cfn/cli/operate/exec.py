"""`exec`: open a shell, or run a command, in a container of a stage that allows it."""

from __future__ import annotations

import argparse
import subprocess

from ...deploy.exit_codes import Exit
from ...deploy.service import ecs_exec
from ...deploy.service.stages import Stage
from ...deploy.ui import signals
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_preview(parser)
    parser.add_argument("--container", default="web", help="which container; web by default")
    parser.add_argument("--command", default="/bin/sh", help="what to run; a shell by default")


def run(asked: argparse.Namespace) -> int:
    """Connect this terminal to a container, until the command there ends."""
    aws = session.connect_to_existing(asked)
    command = ecs_exec.session_command(aws, Stage(aws, session.planned(asked)), asked.container, asked.command)
    with signals.left_to_the_child():
        subprocess.run(command, check=False)
    return Exit.DONE
