"""`recover`: continue a rollback that failed, or take back what was left half done."""

from __future__ import annotations

import argparse

from ...deploy.stacks.recover import Options, Recovery
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_changing(parser)
    parser.add_argument("--skip", action="append", default=[], metavar="ID", help="a resource to leave as it is")


def run(asked: argparse.Namespace) -> int:
    """Recover, and return how it went."""
    options = Options(asked.yes, tuple(asked.skip))
    return session.over_stacks(asked, "recover", lambda start: Recovery(start, options).run())
