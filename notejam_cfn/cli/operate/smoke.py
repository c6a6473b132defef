"""`smoke`: ask a stage whether it works, waking it first if it sleeps."""

from __future__ import annotations

import argparse
import sys

from ...core.terminal import say
from ...deploy.exit_codes import Exit
from ...deploy.service import smoke_test
from ...deploy.service.stages import Stage
from ..arguments import print_json
from ..following import stage_of, suggest
from . import session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    session.add_common(parser)


def run(asked: argparse.Namespace) -> int:
    """Ask, say what is wrong, and return whether it works."""
    url = smoke_test.address(Stage(session.connect(asked), session.planned(asked)).states())
    wrong = list(smoke_test.problems(url))
    if asked.json:
        print_json({"stage": asked.stage, "url": url, "problems": wrong})
    else:
        say(*(wrong or [f"{asked.stage} works: {url}"]), file=sys.stderr if wrong else sys.stdout)
    suggest(asked, f"{'logs' if wrong else 'status'} {stage_of(asked)}")
    return Exit.FAILED if wrong else Exit.DONE
