"""`stages`: list the stages, and what would keep them from moving to another region."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from ...core.tables import table
from ...core.terminal import say, say_table
from .. import arguments
from ..following import suggest

if TYPE_CHECKING:
    from ...config.settings import Project, Stage

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
    missing = _missing_types(project) if options.regions else None
    if options.json:
        print(_document(project, missing))
        return 0
    say_table(table(HEADS, _rows(project)))
    if missing is not None:
        say("", *_portability(missing))
    suggest(options, f"status {project.stages[0].name}")
    return 0


def _missing_types(project: Project) -> dict[str, list[str]]:
    from ...build import build

    verdicts = build.judge(build.compose(project)).verdicts.values()
    return {kind: sorted(regions) for kind, regions in sorted(build.missing_types(verdicts).items())}


def _rows(project: Project) -> list[list[str]]:
    return [[stage.name, stage.region, stage.account or "the caller's", stage.size] for stage in project.stages]


def _portability(missing: dict[str, list[str]]) -> list[str]:
    if not missing:
        return ["Every resource type exists in every region that cfn-lint knows."]
    return ["These resource types do not exist everywhere:"] + [
        f"  {kind}: not in {', '.join(regions)}" for kind, regions in missing.items()
    ]


def _document(project: Project, missing: dict[str, list[str]] | None) -> str:
    stages = {stage.name: _stage(stage) for stage in project.stages}
    document: dict[str, Any] = {"project": project.name, "stages": stages}
    return json.dumps(document | ({} if missing is None else {"missing_types": missing}), indent=2)


def _stage(stage: Stage) -> dict[str, Any]:
    return {"region": stage.region, "account": stage.account or None, "size": stage.size}
