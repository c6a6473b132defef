"""`status`: show the stacks, tasks, image, database, last backup and address of a stage."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping
from typing import Any

from ...core.terminal import say
from ...deploy.exit_codes import Exit
from ...deploy.previews import previews
from ...deploy.previews import status as previews_status
from ...deploy.service.stage_status import lines, report
from ...deploy.service.stages import Stage
from ...deploy.stacks.templates import read_templates
from ..arguments import print_json
from ..following import stage_of, suggest
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_preview(parser)
    parser.add_argument("--drift", action="store_true", help="also look for changes made by hand; takes a minute")


def run(asked: argparse.Namespace) -> int:
    """Look, and say what there is."""
    stacks = session.planned(asked)
    aws = session.connect_to_existing(asked)
    found = report(Stage(aws, stacks), read_templates(stacks), asked.drift)
    built = session.manifest(asked)
    template = None if asked.preview else previews.template_of(built, asked.stage)
    if template:
        (there,) = session.in_region([template], asked.region)
        found |= previews_status.report(aws, there, built.stacks_of(asked.stage))
    if asked.json:
        print_json(found)
    else:
        told = previews_status.lines(found, datetime.datetime.now(datetime.UTC)) if template else ()
        say(*lines(found), *told)
    suggest(asked, f"{_following(found)} {stage_of(asked)}")
    return Exit.DONE


def _following(found: Mapping[str, Any]) -> str:
    if any(not facts["current"] for facts in found["stacks"].values()):
        return "deploy"
    return "release" if found["takes_images"] and not found["services"] else "logs"
