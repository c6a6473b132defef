"""`destroy`: remove a stage, after showing what is lost, kept and turned into a snapshot."""

from __future__ import annotations

import argparse

from ...deploy.stacks.destroy import Destruction, Options
from . import session
from .runs import over_stacks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_changing(parser)
    parser.add_argument("--unprotect", action="store_true", help="remove it although it is protected")
    parser.add_argument("--keep", action="append", default=[], metavar="ID", help="a resource that may stay behind")


def run(asked: argparse.Namespace) -> int:
    """Remove, and return how it went."""
    options = Options(asked.yes, asked.unprotect, tuple(asked.keep))
    return over_stacks(
        asked,
        "destroy",
        lambda start: Destruction(start.aws, start.stacks, options, start.progress, start.prompter).run(),
    )
