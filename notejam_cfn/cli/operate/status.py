"""`status`: show the stacks, tasks, image, database, last backup and address of a stage."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from ...core.terminal import say
from ...deploy.exit_codes import Exit
from ...deploy.service.stage_status import lines, report
from ...deploy.service.stages import Stage
from ...deploy.stacks.deploy import read_templates
from ..following import suggest
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    parser.add_argument("--drift", action="store_true", help="also look for changes made by hand; takes a minute")


def run(asked: argparse.Namespace) -> int:
    """Look, and say what there is."""
    stacks = session.planned(asked)
    found = report(Stage(session.connect(asked), stacks), read_templates(stacks), asked.drift)
    if asked.json:
        session.print_json(found)
    else:
        say(*lines(found))
    suggest(asked, f"{_following(found)} {asked.stage}")
    return Exit.DONE


def _following(found: Mapping[str, Any]) -> str:
    if any(not facts["current"] for facts in found["stacks"].values()):
        return "deploy"
    return "release" if found["takes_images"] and not found["services"] else "logs"
