"""Bring a stage up, or bring it up to date: python scripts/deploy.py dev"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from notejam_cfn.deployment import cli, summary
from notejam_cfn.deployment.deploy import Deployment, Options, read_templates
from notejam_cfn.deployment.exits import Exit
from notejam_cfn.deployment.progress import kind_for


def main(given: Sequence[str] | None = None) -> Exit:
    """Deploy, and return how it went."""
    arguments = cli.parser("Bring a stage up, or up to date with output/.")
    cli.changing(arguments)
    arguments.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    arguments.add_argument("--wait", action="store_true", help="wait for an operation that someone else began")
    arguments.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="repeatable")
    arguments.add_argument(
        *("--allow-replace",), action="append", default=[], metavar="ID", help="a stateful resource that may be lost"
    )
    arguments.add_argument("--tell-unchanged", action="store_true", help="end with 10 when there was nothing to do")
    return deploy(arguments.parse_args(given))


def deploy(asked: argparse.Namespace) -> Exit:
    """Do what was asked."""
    stacks, aws, out, began = cli.planned(asked), cli.connect(asked), cli.talk(asked), time.monotonic()
    show = kind_for("quiet" if asked.progress == "quiet" else asked.progress, out)
    progress = show({stack.name: stack.layer for stack in stacks}, read_templates(stacks), out)
    account = cli.require_account(aws, stacks)
    progress.write(f"{asked.stage} → {stacks[0].region}, account {account}\n")
    options = Options(asked.yes, asked.dry_run, asked.wait, frozenset(asked.allow_replace), tuple(asked.parameter))
    results = Deployment(aws, stacks, options, progress, cli.person(out)).run()
    seconds = time.monotonic() - began
    for line in summary.lines(results, seconds, f"python scripts/deploy.py {asked.stage}"):
        print(line, file=out)
    if summary.still_to_release(results):
        print(f"  → Nothing runs there yet: python scripts/release.py {asked.stage}", file=out)
    if asked.json:
        cli.print_json(summary.document(results, seconds))
    return summary.exit_status(results, asked.tell_unchanged)


if __name__ == "__main__":
    cli.finish(main)
