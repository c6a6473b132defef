"""Put a version of the application into a stage: python scripts/release.py dev"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from notejam_cfn.cli.operate import session
from notejam_cfn.cli.operate.runs import Session, over_stacks
from notejam_cfn.deploy.exit_codes import Exit
from notejam_cfn.deploy.service import release
from notejam_cfn.deploy.service.stages import IMAGE, Stage
from notejam_cfn.deploy.stacks.deploy import Deployment, Options
from notejam_cfn.deploy.stacks.outcomes import Result


def main(given: Sequence[str] | None = None) -> Exit:
    """Release, and return how it went."""
    parser = session.parser("Build the image on AWS, or take one there is, and roll it out by its digest.")
    session.changing(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--image", metavar="URI", help="release this image, without a build")
    which.add_argument("--rollback", action="store_true", help="go back to the image before, without a build")
    asked = parser.parse_args(given)
    return over_stacks(asked, "release", lambda start: roll_out(asked, start))


def roll_out(asked: argparse.Namespace, start: Session) -> dict[str, Result]:
    """Find or make the image, and deploy the service with it."""
    stage = Stage(start.aws, start.stacks)
    image = choose(asked, start, stage)
    start.progress.write(f"releasing {image}\n")
    options = Options(yes=asked.yes, parameters=(f"{IMAGE}={image}",))
    return Deployment(start.aws, [stage.service_stack], options, start.progress, start.person).run()


def choose(asked: argparse.Namespace, start: Session, stage: Stage) -> str:
    """Return the image that was asked for, by digest."""
    if asked.image:
        return release.with_digest(start.aws, stage.service_stack.region, asked.image)
    if asked.rollback:
        return release.previous(start.aws, stage)
    place = release.build_target(start.aws, session.manifest(asked))
    return release.build(start.aws, place, release.pack(Path.cwd()), start.progress.write)


if __name__ == "__main__":
    session.finish(main)
