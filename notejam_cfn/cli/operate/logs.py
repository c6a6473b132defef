"""`logs`: show the logs of a stage, all parts in the order of time."""

from __future__ import annotations

import argparse
import datetime
import sys

from ...core.terminal import say
from ...deploy.exit_codes import Exit
from ...deploy.service import logs
from ...deploy.service.stages import Stage
from ..following import stage_of, suggest
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_preview(parser)
    parser.add_argument("--follow", action="store_true", help="go on with what is logged from now on")
    parser.add_argument("--part", action="append", default=[], help="only this log group, such as web; repeatable")
    parser.add_argument("--since", default="15m", metavar="TIME", help="how far back: 30s, 15m, 2h, 1d")
    parser.add_argument("--filter", default="", metavar="PATTERN", help="a filter pattern of CloudWatch Logs")


def run(asked: argparse.Namespace) -> int:
    """Print log lines until there are no more, or with --follow until Ctrl-C."""
    aws = session.connect_to_existing(asked)
    parts = logs.choose(Stage(aws, session.planned(asked)), asked.part)
    start = logs.since(asked.since, datetime.datetime.now(datetime.UTC))
    show = logs.follow if asked.follow else logs.read
    silent = True
    try:
        for line in show(aws, parts, start, asked.filter):
            silent = False
            print(f"{line.time:%H:%M:%S} {line.part:<10} {line.text}", flush=True)
    except KeyboardInterrupt:
        return Exit.DONE  # how following is meant to end
    if silent:
        names = ", ".join(map(logs.part_name, parts))
        looked_at = f"looked at {names}" if names else "the stage is not deployed"
        say(f"Nothing was logged in the last {asked.since}: {looked_at}.", file=sys.stderr)
    suggest(asked, f"status {stage_of(asked)}")
    return Exit.DONE
