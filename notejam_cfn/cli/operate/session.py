"""What the commands share that talk to AWS: their arguments, the stacks they are about, the terminal, and, where they
change stacks, how they begin and end."""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

from ...core.terminal import say
from ...deploy.aws.client import Access, Aws
from ...deploy.exit_codes import BadInput, Exit
from ...deploy.manifest import Manifest, StackSpec, read
from ...deploy.previews import previews
from ...deploy.stacks.execution.outcomes import Result
from ...deploy.stacks.stack_run import Prompter, Session
from ...deploy.stacks.templates import read_templates
from ...deploy.ui import summary
from ...deploy.ui.progress import KINDS, kind_for
from ..arguments import OUTPUT, add_json, print_json
from ..following import stage_of, suggest


def add_common(parser: argparse.ArgumentParser, stage: bool = True) -> None:
    """Add the arguments that every command takes which reads output/ and talks to AWS."""
    if stage:
        parser.add_argument("stage", metavar="STAGE", help="a stage of notejam.toml, or: delivery")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="DIR", help="what build wrote (default: output)")
    parser.add_argument("--profile", help="profile of the AWS configuration")
    parser.add_argument("--region", help="another region than the stage's")
    parser.add_argument("--endpoint-url", metavar="URL", help="another endpoint than AWS, such as an emulator")
    add_json(parser)


def add_changing(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of commands that change something."""
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--only", action="append", default=[], metavar="STACK", help="only this stack; repeatable")
    parser.add_argument("--role-arn", metavar="ARN", help="the role CloudFormation works in")
    parser.add_argument("--progress", choices=KINDS, help="how to show progress; by default as the terminal allows")


def add_preview(parser: argparse.ArgumentParser) -> None:
    """Add the argument of commands that know previews."""
    parser.add_argument("--preview", metavar="NAME", help="a preview of the stage, in place of the stage itself")


def in_previews_role(arguments: argparse.Namespace) -> None:
    """Let CloudFormation work in the stage's role for previews, where the command is about one and names no role."""
    if arguments.preview and not arguments.role_arn:
        (stack,) = planned(arguments)
        arguments.role_arn = previews.role_arn(connect(arguments), stack)


def connect_to_existing(arguments: argparse.Namespace) -> Aws:
    """Return the facade for these arguments. Raises BadInput when they name a preview that is not there."""
    aws = connect(arguments)
    if arguments.preview:
        previews.require_there(aws, planned(arguments)[0])
    return aws


def connect(arguments: argparse.Namespace) -> Aws:
    """Return the facade for these arguments; nothing is called yet."""
    for name, value, pattern, example in (
        ("--endpoint-url", arguments.endpoint_url, r"https?://[^/\s]+.*", "http://localhost:4566"),
        ("--region", arguments.region, r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}", "eu-central-1"),
    ):
        if value is not None and not re.fullmatch(pattern, value):
            raise BadInput(f"{name} must be such as {example}, got {value!r}")
    endpoint = arguments.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    return Aws(Access(arguments.profile, endpoint, getattr(arguments, "role_arn", None)))


def planned(arguments: argparse.Namespace) -> tuple[StackSpec, ...]:
    """Return the stacks that were asked for, in the region that was asked for."""
    if getattr(arguments, "preview", None):
        return in_region([previews.spec(manifest(arguments), arguments.stage, arguments.preview)], arguments.region)
    found = manifest(arguments).stacks_of(arguments.stage, getattr(arguments, "only", ()))
    if not found:
        raise BadInput(f"{arguments.output} has no stacks of {arguments.stage}", "Run: python -m notejam_cfn build")
    return in_region(found, arguments.region)


def manifest(arguments: argparse.Namespace) -> Manifest:
    """Return what was built."""
    return read(arguments.output)


def in_region(stacks: Sequence[StackSpec], region: str | None) -> tuple[StackSpec, ...]:
    """Return the stacks as they are in another region."""
    return tuple(dataclasses.replace(stack, region=region) if region else stack for stack in stacks)


def require_account(aws: Aws, stacks: Sequence[StackSpec]) -> str:
    """Return the account of the credentials. Raises BadInput when it is not the stage's."""
    account = aws.account(stacks[0].region)
    for stack in stacks:
        if stack.account and stack.account != account:
            raise BadInput(
                f"{stack.name} belongs in account {stack.account}, the credentials are of {account}",
                "Use credentials of that account: --profile NAME",
            )
    return account


def prompter(out: TextIO) -> Prompter:
    """Return who is at the terminal, asked on `out`."""

    def confirm(question: str) -> bool:
        return _answer(f"{question} [y/N] ", out).lower() in ("y", "yes")

    def ask(question: str, choices: Sequence[str]) -> str:
        told = f"{question} ({' / '.join(choices)}) "
        answer = _answer(told, out).strip().lower()
        return next((choice for choice in choices if answer and choice.startswith(answer)), choices[0])

    return Prompter(confirm, ask)


def talk(arguments: argparse.Namespace) -> TextIO:
    """Return where people are talked to: standard error when standard output is for JSON."""
    return sys.stderr if arguments.json else sys.stdout


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
    out, began = talk(asked), time.monotonic()
    aws = connect(asked)
    stacks = choose(asked, aws) if choose else planned(asked)
    several = len({stack.stage for stack in stacks}) > 1  # whose layers have the same names
    names = {one.name: f"{one.stage}-{one.layer}" if several and one.stage else one.layer for one in stacks}
    progress = kind_for(asked.progress, out)(names, read_templates(stacks), out)
    account = require_account(aws, stacks)
    progress.write(f"{asked.stage} → {', '.join(dict.fromkeys(one.region for one in stacks))}, account {account}\n")
    results = run(Session(aws, stacks, progress, prompter(out), account))
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


def _answer(question: str, out: TextIO) -> str:
    if not sys.stdin.isatty():
        return ""
    print(question, end="", file=out, flush=True)
    try:
        return input()
    except EOFError:
        return ""
