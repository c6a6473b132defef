"""The command line. Only here, and in the commands, is anything printed or a status returned.

0    done
1    lint has findings, or --check found output/ stale
2    it cannot be done as asked: bad configuration, bad options, lint not installed, files that cannot be written
130  interrupted; 143 terminated. output/ is as it was
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from types import FrameType, ModuleType

from . import compose

DONE, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
PROGRAM = "notejam-cfn"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status. `arguments` are the process's own unless given."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _complain("interrupted; nothing was changed", INTERRUPTED)
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except _refusals() as error:
        return _complain(str(error), REFUSED)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="Compose CloudFormation templates for a web service from notejam.toml."
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _commands():
        command.add_parser(subparsers)
    return parser


def _commands() -> list[ModuleType]:
    """Return the modules of the package `commands`. Each imports what it works with when it runs, and not before."""
    names = sorted(module.name for module in pkgutil.iter_modules(compose.__path__) if not module.name.startswith("_"))
    return [importlib.import_module(f"{compose.__name__}.{name}") for name in names]


def _refusals() -> tuple[type[Exception], ...]:
    """Return the errors whose message is for the person at the keyboard; all else is a mistake in this program."""
    from ..build.build import BuildError
    from ..build.lint import LintFailed, LintUnavailable
    from ..config.loader import ConfigError

    return (ConfigError, BuildError, LintUnavailable, LintFailed, OSError)


def _complain(message: str, status: int) -> int:
    print(f"{PROGRAM}: {message}", file=sys.stderr)
    return status


def _terminate(number: int, frame: FrameType | None) -> None:
    """Leave by an exception, so that what has begun is put back and worker processes end."""
    raise SystemExit(128 + number)
