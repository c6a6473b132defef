"""`destroy`: remove a stage, after showing what is lost, kept and turned into a snapshot."""

from __future__ import annotations

import argparse

from ...deploy.aws.client import Aws
from ...deploy.data import restore_plan
from ...deploy.manifest import StackSpec
from ...deploy.plan.account import left_stacks
from ...deploy.previews import previews
from ...deploy.stacks.destroy import Destruction, Options
from ...deploy.stacks.execution.outcomes import Result
from ...deploy.stacks.stack_run import Session
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)
    session.add_changing(parser)
    session.add_preview(parser)
    parser.add_argument("--unprotect", action="store_true", help="remove it although it is protected")
    parser.add_argument("--keep", action="append", default=[], metavar="ID", help="a resource that may stay behind")
    parser.add_argument("--left", action="store_true", help="what nothing builds any more, and not what is built")


def run(asked: argparse.Namespace) -> int:
    """Remove, and return how it went."""
    session.in_previews_role(asked)
    options = Options(asked.yes, asked.unprotect, tuple(asked.keep))

    def remove(start: Session) -> dict[str, Result]:
        if not (asked.preview or asked.only or asked.left):
            previews.refuse_while_there(start.aws, session.manifest(asked), asked.stage)
        restore_plan.require_none_kept(start.aws, start.stacks)
        return Destruction(start, options).run()

    return session.over_stacks(asked, "destroy", remove, choose=_left if asked.left else None)


def _left(asked: argparse.Namespace, aws: Aws) -> tuple[StackSpec, ...]:
    """Return the stacks of a stage, known by their tags, that are no longer built."""
    known = session.manifest(asked)
    regions = [asked.region] if asked.region else [stack.region for stack in known.stacks]
    names = frozenset(stack.name for stack in known.stacks if not asked.region or stack.region == asked.region)
    return left_stacks.specs(aws, regions, known.project, names, asked.stage)
