"""`deploy`: bring a stage up, or up to date with output/."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from ...deploy.aws.client import Aws
from ...deploy.exit_codes import BadInput
from ...deploy.manifest import DELIVERY, StackSpec
from ...deploy.plan import document
from ...deploy.previews import previews
from ...deploy.stacks.deploy import Deployment, Options
from ...deploy.stacks.execution.outcomes import Result
from ...deploy.stacks.stack_run import Session
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_changing(parser)
    session.add_preview(parser)
    parser.add_argument("--expires", metavar="TIME", help="when a preview ends, from now: 90m, 8h or 2d")
    parser.add_argument("--dry-run", action="store_true", help="show the plan, and change nothing")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="write the plan to a file, and change nothing")
    parser.add_argument("--execute", type=Path, metavar="FILE", help="carry out the plan in a file, without asking")
    parser.add_argument("--wait", action="store_true", help="wait for an operation that someone else began")
    parser.add_argument("--image", metavar="URI", help="the container image: --parameter ImageUri=URI")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    parser.add_argument("--allow", action="append", default=[], metavar="ID", help="a refused change; repeatable")
    parser.add_argument("--tell-unchanged", action="store_true", help="end with 10 when there is nothing to do")


def run(asked: argparse.Namespace) -> int:
    """Deploy, and return how it went."""
    if asked.expires and not asked.preview:
        raise BadInput("--expires is for previews", "Add --preview NAME; a stage does not end by itself")
    if asked.preview and (asked.execute or asked.plan or asked.only):
        raise BadInput("--preview takes no --plan, --execute or --only: a preview is one stack, deployed at once")
    options = _approved(asked) if asked.execute else _asked(asked)
    session.in_previews_role(asked)
    told: dict[str, Any] = {}

    def deploy(start: Session) -> dict[str, Result]:
        stacks = () if asked.preview else session.manifest(asked).stacks
        built = frozenset(stack.name for stack in stacks)
        deployment = Deployment(start, dataclasses.replace(options, built=built))
        results = deployment.run()
        if deployment.plan:
            told["plan"] = document.document(deployment.plan)
        return results

    return session.over_stacks(asked, "deploy", deploy, asked.tell_unchanged, told, _chosen)


def _chosen(asked: argparse.Namespace, aws: Aws) -> tuple[StackSpec, ...]:
    """Return what was asked for. Before what lets the pipeline into a stage comes the stage's network, if it is not
    there yet: the pipeline may put things into that network's subnets only.
    """
    chosen = session.planned(asked)
    if asked.preview:
        return (previews.to_deploy(aws, session.manifest(asked), chosen[0], asked.expires, asked.image),)
    if asked.stage != DELIVERY:
        return chosen
    read = {name for stack in chosen for name in stack.depends_on}
    others = session.in_region([one for one in session.manifest(asked).stacks if one.name in read], asked.region)
    return (*chosen, *(one for one in others if one.stage and aws.stack(one.region, one.name) is None))


def _asked(asked: argparse.Namespace) -> Options:
    image = [f"ImageUri={asked.image}"] if asked.image else []
    parameters = (*asked.parameter, *image)
    return Options(
        asked.yes, asked.dry_run, asked.wait, frozenset(asked.allow), parameters, tuple(asked.only), plan=asked.plan
    )


def _approved(asked: argparse.Namespace) -> Options:
    """Return the options of a plan that was approved: what was given then, and nothing besides."""
    besides = {"--plan": asked.plan, "--image": asked.image, "--parameter": asked.parameter, "--allow": asked.allow}
    both = [name for name, value in (besides | {"--only": asked.only}).items() if value]
    if both:
        raise BadInput(f"--execute takes no {', '.join(both)}: the plan says it", "Plan again with it")
    approved = document.read(asked.execute, asked.stage)
    given = approved["given"]
    asked.only = list(given["only"])
    parameters = tuple(f"{name}={value}" for name, value in given["parameters"].items())
    return Options(
        True, asked.dry_run, asked.wait, frozenset(given["allow"]), parameters, tuple(asked.only), approved=approved
    )
