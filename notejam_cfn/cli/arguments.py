"""Options that commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
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
