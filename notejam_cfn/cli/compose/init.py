"""`init`: write a commented configuration to start from."""

from __future__ import annotations

import argparse

from ...core.terminal import say
from .. import arguments
from ..following import suggest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    arguments.add_config(parser)
    parser.add_argument("--full", action="store_true", help="three stages, and every setting with its default")


def run(options: argparse.Namespace) -> int:
    """Write the configuration, unless there is one. Raises `ConfigError`."""
    from ...config.loader import SMALL, ConfigError, starter

    try:
        with options.config.open("x", encoding="utf-8") as file:
            file.write(starter() if options.full else SMALL)
    except FileExistsError:
        raise ConfigError(f"{options.config}: exists already and stays; --config FILE writes another") from None
    say(f"wrote {options.config}")
    suggest(options, "build")
    return 0
