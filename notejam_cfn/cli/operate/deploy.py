"""`deploy`: bring a stage up, or up to date with output/."""

from __future__ import annotations

import argparse

from ...deploy.stacks.deploy import Deployment, Options
from . import session
from .runs import over_stacks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_changing(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    parser.add_argument("--wait", action="store_true", help="wait for an operation that someone else began")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    parser.add_argument("--allow-replace", action="append", default=[], metavar="ID", help="data that may be lost")
    parser.add_argument("--tell-unchanged", action="store_true", help="end with 10 when there was nothing to do")


def run(asked: argparse.Namespace) -> int:
    """Deploy, and return how it went."""
    options = Options(asked.yes, asked.dry_run, asked.wait, frozenset(asked.allow_replace), tuple(asked.parameter))
    return over_stacks(
        asked,
        "deploy",
        lambda start: Deployment(start.aws, start.stacks, options, start.progress, start.prompter).run(),
        asked.tell_unchanged,
    )
