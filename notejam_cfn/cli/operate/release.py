"""`release`: build the image on AWS, or take one there is, and roll it out by its digest."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...deploy.manifest import IMAGE
from ...deploy.service import release
from ...deploy.service.stages import Stage
from ...deploy.stacks.deploy import Deployment, Options
from ...deploy.stacks.execution.outcomes import Result
from ...deploy.stacks.stack_run import Session
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_changing(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--image", metavar="URI", help="release this image, without a build")
    which.add_argument("--rollback", action="store_true", help="go back to the image before, without a build")


def run(asked: argparse.Namespace) -> int:
    """Release, and return how it went."""
    return session.over_stacks(asked, "release", lambda start: roll_out(asked, start))


def roll_out(asked: argparse.Namespace, start: Session) -> dict[str, Result]:
    """Find or make the image, by digest, and deploy the service with it."""
    stage = Stage(start.aws, start.stacks)
    if asked.image:
        image = release.with_digest(start.aws, stage.service_stack.region, asked.image)
    elif asked.rollback:
        image = release.previous(start.aws, stage)
    else:
        place = release.build_target(start.aws, session.manifest(asked))
        image = release.build(start.aws, place, release.pack(Path.cwd()), start.progress.write)
    start.progress.write(f"releasing {image}\n")
    options = Options(yes=asked.yes, parameters=(f"{IMAGE}={image}",))
    return Deployment(start.over([stage.service_stack]), options).run()
