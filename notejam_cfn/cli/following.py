"""What a person types next."""

from __future__ import annotations

import argparse
import sys

from ..core.terminal import DIM, say


def stage_of(options: argparse.Namespace) -> str:
    """Return the stage of a command as the next one takes it, with its preview where it is one."""
    preview = getattr(options, "preview", None)
    return f"{options.stage} --preview {preview}" if preview else str(options.stage)


def suggest(options: argparse.Namespace, command: str) -> None:
    """Say to a person, after everything else, which command comes next; programs are told nothing."""
    if getattr(options, "json", False) or getattr(options, "quiet", False) or not sys.stderr.isatty():
        return
    sys.stdout.flush()
    say(f"next: python -m notejam_cfn {command}", file=sys.stderr, style=DIM)
