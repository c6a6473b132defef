"""The commands: nothing (development), `serve`, `migrate`, `healthcheck`, `drop-preview`.

Each imports what it needs and no more: the health check runs every few seconds on a quarter of a core. What stops a
start is said in one line, with status 2; a database that stays away from `migrate` is status 1.
"""

from __future__ import annotations

import os
import sys

# Not from typing: importing that takes as long as the whole health check.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import Settings

USAGE = "usage: python -m app [serve | migrate | healthcheck | drop-preview STACK-ID]"


def main(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    commands = {(): _develop, ("serve",): _serve, ("migrate",): _migrate, ("healthcheck",): _healthcheck}
    if arguments[:1] == ["drop-preview"] and len(arguments) == 2:
        return _dropped(arguments[1])
    command = commands.get(tuple(arguments))
    if command is None:
        print(USAGE, file=sys.stderr)
        return 2
    return command()


def _healthcheck() -> int:
    from .runtime.healthcheck import main

    return main()


def _serve() -> int:
    return _served(_settings())


def _migrate() -> int:
    return _migrated(_settings())


def _develop() -> int:
    """Migrate and serve, with defaults for one person at a terminal."""
    from .errors import SettingsError
    from .runtime.development import set_defaults

    try:
        set_defaults(os.environ)
    except SettingsError as error:
        return _stopped(str(error))
    settings = _settings()
    if failed := _migrated(settings):
        return failed
    return _served(settings, f"Notejam is on {settings.public_url} (stop it with Ctrl-C)")


def _served(settings: Settings, greeting: str = "") -> int:
    from .errors import SettingsError
    from .runtime.server import check_address, serve

    try:
        check_address(settings)
    except SettingsError as error:
        return _stopped(str(error))
    if greeting:
        print(greeting, flush=True)
    serve(settings)
    return 0


def _migrated(settings: Settings) -> int:
    from .data.migrate import migrate
    from .errors import DatabaseUnavailable

    try:
        migrate(settings)
    except DatabaseUnavailable as error:
        return _stopped(f"the database is not available: {error}", status=1)
    return 0


def _dropped(stack_id: str) -> int:
    from .data.previews import drop
    from .errors import DatabaseUnavailable, SettingsError

    try:
        drop(_settings(), stack_id)
    except SettingsError as error:
        return _stopped(str(error))
    except DatabaseUnavailable as error:
        return _stopped(f"the database is not available: {error}", status=1)
    return 0


def _settings() -> Settings:
    """Read the settings, see that they can be served, and set up logging, or stop with one clear line."""
    from logging.config import dictConfig

    from .errors import SettingsError
    from .runtime.logs import logging_config
    from .settings import Settings

    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        sys.exit(_stopped(str(error)))
    dictConfig(logging_config(settings.log_level, settings.log_format))
    return settings


def _stopped(reason: str, status: int = 2) -> int:
    print(f"notejam: {reason}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
