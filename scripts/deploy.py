"""Bring a stage up, or bring it up to date: python scripts/deploy.py dev"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from notejam_cfn.cli.operate import session
from notejam_cfn.cli.operate.runs import Session, over_stacks
from notejam_cfn.deploy.exit_codes import BadInput, Exit
from notejam_cfn.deploy.plan import document
from notejam_cfn.deploy.stacks import expiry
from notejam_cfn.deploy.stacks.deploy import Deployment, Options
from notejam_cfn.deploy.stacks.outcomes import Result


def main(given: Sequence[str] | None = None) -> Exit:
    """Deploy, and return how it went."""
    asked = _parser().parse_args(given)
    options = _approved(asked) if asked.execute else _asked(asked)
    told: dict[str, Any] = {}

    def deploy(start: Session) -> dict[str, Result]:
        with_account = dataclasses.replace(options, account=start.account)
        deployment = Deployment(start.aws, start.stacks, with_account, start.progress, start.person)
        results = deployment.run()
        if deployment.plan:
            told["plan"] = document.document(deployment.plan)
        return results

    return over_stacks(asked, "deploy", deploy, asked.tell_unchanged, told)


def _parser() -> argparse.ArgumentParser:
    parser = session.parser("Bring a stage up, or up to date with output/.")
    session.changing(parser)
    parser.add_argument("--dry-run", action="store_true", help="show the plan, and change nothing")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="write the plan to a file, and change nothing")
    parser.add_argument("--execute", type=Path, metavar="FILE", help="carry out the plan in a file, without asking")
    parser.add_argument("--wait", action="store_true", help="wait for an operation that someone else began")
    parser.add_argument("--image", metavar="URI", help="the container image: --parameter ImageUri=URI")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    parser.add_argument("--expires", metavar="TIME", help="when a personal stage is deleted: 8h, 2d, or a time in UTC")
    parser.add_argument("--allow", action="append", default=[], metavar="ID", help="a refused change; repeatable")
    parser.add_argument("--tell-unchanged", action="store_true", help="end with 10 when there is nothing to do")
    return parser


def _asked(asked: argparse.Namespace) -> Options:
    image = [f"ImageUri={asked.image}"] if asked.image else []
    parameters = (*asked.parameter, *image, *expiry.parameters(asked.expires, datetime.now(UTC)))
    return Options(
        asked.yes, asked.dry_run, asked.wait, frozenset(asked.allow), parameters, tuple(asked.only), plan=asked.plan
    )


def _approved(asked: argparse.Namespace) -> Options:
    """Return the options of a plan that was approved: what was given then, and nothing besides."""
    besides = {"--plan": asked.plan, "--image": asked.image, "--parameter": asked.parameter, "--allow": asked.allow}
    both = [name for name, value in (besides | {"--only": asked.only, "--expires": asked.expires}).items() if value]
    if both:
        raise BadInput(f"--execute takes no {', '.join(both)}: the plan says it", "Plan again with it")
    approved = document.read(asked.execute, asked.stage)
    given = approved["given"]
    asked.only = list(given["only"])
    parameters = tuple(f"{name}={value}" for name, value in given["parameters"].items())
    return Options(
        True, asked.dry_run, asked.wait, frozenset(given["allow"]), parameters, tuple(asked.only), approved=approved
    )


if __name__ == "__main__":
    session.finish(main)
