"""`from-copilot`: write a composition from an AWS Copilot application, and say what is not in it."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from ...core.terminal import say
from .. import arguments
from ..following import suggest

REGION, ACCOUNT = "us-east-1", "123456789012"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("directory", type=Path, metavar="DIR", help="the application's folder, which holds copilot/")
    add("--file", type=Path, default=Path("composition.py"), help="what to write (default: composition.py)")
    add("--region", default=REGION, help=f"of the environments, which the manifests do not say (default: {REGION})")
    add("--account", default=ACCOUNT, metavar="ID", help="of the secrets that manifests give by name only")
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Write the composition and print what was not taken over. Raises `BuildError`; a file that is there stays."""
    from ...build.build import BuildError
    from ...copilot import manifests
    from ...copilot.take_over import take_over

    taken = take_over(manifests.read(options.directory), options.file.name, options.region, options.account)
    try:
        with options.file.open("x", encoding="utf-8") as file:
            file.write(taken.text)
    except FileExistsError:
        raise BuildError(f"{options.file} exists already and stays; --file FILE writes another") from None
    if options.json:
        notes = [dataclasses.asdict(note) for note in taken.notes]
        arguments.print_json({"workloads": taken.workloads, "stages": taken.stages, "notes": notes})
    else:
        say(f"wrote {options.file}: {', '.join(taken.workloads) or 'no workload'}, in {', '.join(taken.stages)}")
        if taken.notes:
            say("", "Not taken over, or not as it was:")
            say(*map(str, taken.notes), hang=2)
        suggest(options, f"deploy {taken.stages[0]}   # after: python {options.file}")
    return 0
