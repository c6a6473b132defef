"""What the scripts share: arguments, the terminal, and how a command ends."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from ...deploy.aws.client import Access, Aws
from ...deploy.exit_codes import MEANINGS, BadInput, CommandError, Exit
from ...deploy.manifest import Manifest, StackSpec, read
from ...deploy.stacks.executor import Prompter
from ...deploy.ui.progress import KINDS
from ...deploy.ui.signals import Abort

OUTPUT = "output"


def parser(description: str, stage: bool = True) -> argparse.ArgumentParser:
    """Return a parser with the arguments that every script takes."""
    statuses = "\n".join(f"  {status.value:>3}  {meaning}" for status, meaning in MEANINGS.items())
    made = argparse.ArgumentParser(
        description=description,
        epilog=f"exit statuses:\n{statuses}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if stage:
        made.add_argument("stage", metavar="STAGE", help="a stage of notejam.toml, or: delivery")
    made.add_argument("--output", type=Path, default=Path(OUTPUT), metavar="FOLDER", help="what build wrote")
    made.add_argument("--profile", help="profile of the AWS configuration")
    made.add_argument("--region", help="another region than the stage's")
    made.add_argument("--endpoint-url", metavar="URL", help="another endpoint than AWS, such as an emulator")
    made.add_argument("--json", action="store_true", help="print the result as JSON; progress goes to standard error")
    return made


def changing(made: argparse.ArgumentParser) -> None:
    """Add the arguments of scripts that change something."""
    made.add_argument("--yes", action="store_true", help="do not ask")
    made.add_argument(
        "--only", action="append", default=[], metavar="STACK", help="only this layer or stack; repeatable"
    )
    made.add_argument("--role-arn", metavar="ARN", help="the role CloudFormation works in")
    made.add_argument("--progress", choices=KINDS, help="how to show progress; by default as the terminal allows")


def connect(arguments: argparse.Namespace) -> Aws:
    """Return the facade for these arguments; nothing is called yet."""
    endpoint = arguments.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
    return Aws(Access(arguments.profile, endpoint, getattr(arguments, "role_arn", None)))


def planned(arguments: argparse.Namespace) -> tuple[StackSpec, ...]:
    """Return the stacks that were asked for, in the region that was asked for."""
    return in_region(manifest(arguments).stacks_of(arguments.stage, getattr(arguments, "only", ())), arguments.region)


def manifest(arguments: argparse.Namespace) -> Manifest:
    """Return what was built."""
    return read(arguments.output)


def in_region(stacks: Sequence[StackSpec], region: str | None) -> tuple[StackSpec, ...]:
    """Return the stacks as they are in another region."""
    import dataclasses

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


def person(out: TextIO) -> Prompter:
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


def finish(run: Callable[[Sequence[str] | None], Exit], arguments: Sequence[str] | None = None) -> None:
    """Run a script and end the process with its exit status; an error is said in words, without a traceback."""
    try:
        status = run(arguments)
    except CommandError as error:
        status = error.exit
        tell_error(error, sys.stderr)
        if "--json" in (sys.argv if arguments is None else arguments):
            print_json({"exit": int(status), "error": str(error), "advice": list(error.advice)})
    except (KeyboardInterrupt, Abort):
        status = Exit.INTERRUPTED
        print("\nInterrupted; nothing was begun.", file=sys.stderr)
    except BrokenPipeError:
        status = Exit.DONE
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it ends
    raise SystemExit(int(status))


def tell_error(error: CommandError, out: TextIO) -> None:
    """Say what went wrong, and what to do."""
    print(f"\n{error}", file=out)
    for step in error.advice:
        print(f"  → {step}", file=out)


def print_json(document: Any) -> None:
    """Print a result for programs."""
    print(json.dumps(document, indent=2, default=str, ensure_ascii=False))


def _answer(question: str, out: TextIO) -> str:
    if not sys.stdin.isatty():
        return ""
    print(question, end="", file=out, flush=True)
    try:
        return input()
    except EOFError:
        return ""
