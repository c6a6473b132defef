"""`stages`: list the stages, and what would keep them from moving to another region."""

from __future__ import annotations

import argparse

from ...core.terminal import say, say_table, table
from .. import arguments
from ..following import suggest

HEADS = ("stage", "region", "account", "size")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    parser.add_argument("--regions", action="store_true", help="also list resource types that regions lack (lints)")
    arguments.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the stages. Raises `ConfigError`, and with --regions what lint raises."""
    from ...config import loader

    project = loader.load(options.config)
    missing = None
    if options.regions:
        from ...build import build

        found = build.missing_types(build.judge(build.compose(project)).verdicts.values())
        missing = {kind: sorted(regions) for kind, regions in sorted(found.items())}
    if options.json:
        stages = {
            stage.name: {"region": stage.region, "account": stage.account or None, "size": stage.size}
            for stage in project.stages
        }
        asked = {} if missing is None else {"missing_types": missing}
        arguments.print_json({"project": project.name, "stages": stages} | asked)
        return 0
    rows = [[stage.name, stage.region, stage.account or "the caller's", stage.size] for stage in project.stages]
    say_table(table(HEADS, rows))
    if missing:
        say("", "These resource types do not exist everywhere:")
        say(*(f"  {kind}: not in {', '.join(regions)}" for kind, regions in missing.items()))
    elif missing is not None:
        say("", "Every resource type exists in every region that cfn-lint knows.")
    suggest(options, f"status {project.stages[0].name}")
    return 0
