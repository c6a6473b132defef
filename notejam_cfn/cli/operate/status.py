"""`status`: show the stacks, tasks, image, database, last backup and address of a stage."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping
from typing import Any

from ...core.terminal import say
from ...deploy.aws.client import Aws
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
    found |= _previews(asked, aws)
    if asked.json:
        print_json(found)
    else:
        told = previews_status.lines(found, datetime.datetime.now(datetime.UTC)) if "previews" in found else ()
        say(*lines(found), *told)
    suggest(asked, f"{_following(found)} {stage_of(asked)}")
    return Exit.DONE


def _previews(asked: argparse.Namespace, aws: Aws) -> dict[str, Any]:
    """Return what there is to say of a stage's previews, where it allows them."""
    built = session.manifest(asked)
    found = [stack for stack in built.stacks if stack.stage == asked.stage and stack.form == previews.FORM]
    if asked.preview or not found:
        return {}
    return previews_status.report(aws, session.in_region(found, asked.region)[0], built.stacks_of(asked.stage))


def _following(found: Mapping[str, Any]) -> str:
    if any(not facts["current"] for facts in found["stacks"].values()):
        return "deploy"
    return "release" if found["takes_images"] and not found["services"] else "logs"
