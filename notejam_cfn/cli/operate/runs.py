"""How the scripts that change stacks begin and end: alike."""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TextIO

from ...core.terminal import say
from ...deploy.aws.client import Aws
from ...deploy.exit_codes import Exit
from ...deploy.manifest import StackSpec
from ...deploy.stacks.deploy import read_templates
from ...deploy.stacks.execution.executor import Prompter
from ...deploy.stacks.execution.outcomes import Result
from ...deploy.ui import summary
from ...deploy.ui.progress import Progress, kind_for
from ..arguments import print_json
from ..following import stage_of, suggest
from . import session


@dataclasses.dataclass(frozen=True)
class Session:
    """What a run over stacks has at hand."""

    aws: Aws
    stacks: tuple[StackSpec, ...]
    progress: Progress
    prompter: Prompter
    account: str


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
    start = _start(asked, aws, choose(asked, aws) if choose else session.planned(asked), out)
    results = run(start)
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


def _start(asked: argparse.Namespace, aws: Aws, stacks: tuple[StackSpec, ...], out: TextIO) -> Session:
    progress = kind_for(asked.progress, out)(_names(stacks), read_templates(stacks), out)
    account = session.require_account(aws, stacks)
    regions = ", ".join(dict.fromkeys(stack.region for stack in stacks))
    progress.write(f"{asked.stage} → {regions}, account {account}\n")
    return Session(aws, stacks, progress, session.prompter(out), account)


def _names(stacks: Sequence[StackSpec]) -> dict[str, str]:
    """Return what stacks are called on the screen: by their layers, of which two stages each have their own."""
    several = len({stack.stage for stack in stacks}) > 1
    return {stack.name: f"{stack.stage}-{stack.layer}" if several and stack.stage else stack.layer for stack in stacks}
