"""How the scripts that change stacks begin and end: alike."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ...core.terminal import say
from ...deploy.aws.client import Aws
from ...deploy.exit_codes import Exit
from ...deploy.manifest import StackSpec
from ...deploy.stacks.execution.outcomes import Result
from ...deploy.stacks.stack_run import Session
from ...deploy.stacks.templates import read_templates
from ...deploy.ui import summary
from ...deploy.ui.progress import kind_for
from ..arguments import print_json
from ..following import stage_of, suggest
from . import session


def over_stacks(
    asked: argparse.Namespace,
    command: str,
    run: Callable[[Session], dict[str, Result]],
    tell_unchanged: bool = False,
    told: Mapping[str, Any] = MappingProxyType({}),
    choose: Callable[[argparse.Namespace, Aws], tuple[StackSpec, ...]] | None = None,
) -> Exit:
    """Do something with the stacks that were asked for, say how it went, and return the exit status.

    `told` is said besides with `--json`; `run` may fill it. `choose` finds other stacks than those that are built.
    """
    out, began = session.talk(asked), time.monotonic()
    aws = session.connect(asked)
    stacks = choose(asked, aws) if choose else session.planned(asked)
    several = len({stack.stage for stack in stacks}) > 1  # whose layers have the same names
    names = {one.name: f"{one.stage}-{one.layer}" if several and one.stage else one.layer for one in stacks}
    progress = kind_for(asked.progress, out)(names, read_templates(stacks), out)
    account = session.require_account(aws, stacks)
    progress.write(f"{asked.stage} → {', '.join(dict.fromkeys(one.region for one in stacks))}, account {account}\n")
    results = run(Session(aws, stacks, progress, session.prompter(out), account))
    seconds = time.monotonic() - began
    lines = summary.lines(results, seconds, f"python -m notejam_cfn {command} {asked.stage}") if results else []
    say("", file=out)
    for line in lines:
        say(line, file=out, style=summary.style(line))
    if asked.json:
        print_json(summary.document(results, seconds) | dict(told))
    if not any("→" in line for line in lines):
        suggest(asked, f"{summary.following(command, results)} {stage_of(asked)}")
    return summary.exit_status(results, tell_unchanged)
