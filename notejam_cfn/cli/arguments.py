"""Options that commands share, and what commands do for them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ..build.build import Rendered

    Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

CONFIG = Path("notejam.toml")
OUTPUT = Path("output")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add --config."""
    parser.add_argument(
        "--config", type=Path, default=CONFIG, metavar="FILE", help=f"configuration (default: {CONFIG})"
    )


def add_stages(parser: argparse.ArgumentParser) -> None:
    """Add --stage, which may be given more than once; without it `options.stages` is None."""
    parser.add_argument(
        "--stage", dest="stages", action="append", metavar="NAME", help="only this stage; may be given more than once"
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")


def composed(options: argparse.Namespace) -> list[Rendered]:
    """Compose the stacks that --config and --stage ask for. Raises `ConfigError` or `BuildError`."""
    from ..build import build
    from ..config import loader

    return build.compose(loader.load(options.config), options.stages)


def print_json(document: Any) -> None:
    """Print a result for programs."""
    print(json.dumps(document, indent=2, default=str))
