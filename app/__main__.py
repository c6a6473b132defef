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
    from collections.abc import Callable

    from .settings import Settings

USAGE = "usage: python -m app [serve | migrate | healthcheck | drop-preview STACK-ID]"


def main(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    if arguments == ["healthcheck"]:
        from .runtime.healthcheck import main

        return main()
    commands: dict[str, Callable[..., None]] = {"serve": _serve, "migrate": _migrate, "drop-preview": _drop_preview}
    command, values = commands.get(arguments[0]) if arguments else _develop, arguments[1:]
    if command is None or len(values) != (command is _drop_preview):
        print(USAGE, file=sys.stderr)
        return 2
    from .errors import DatabaseUnavailable, SettingsError

    try:
        command(*values)
    except SettingsError as error:
        print(f"notejam: {error}", file=sys.stderr)
        return 2
    except DatabaseUnavailable as error:
        print(f"notejam: the database is not available: {error}", file=sys.stderr)
        return 1
    return 0


def _develop() -> None:
    """Migrate and serve, with defaults for one person at a terminal."""
    from .data.migrate import migrate
    from .runtime.development import set_defaults
    from .runtime.server import serve

    set_defaults(os.environ)
    settings = _settings()
    migrate(settings)
    serve(settings, f"Notejam is on {settings.public_url} (stop it with Ctrl-C)")


def _serve() -> None:
    from .runtime.server import serve

    serve(_settings())


def _migrate() -> None:
    from .data.migrate import migrate

    migrate(_settings())


def _drop_preview(stack_id: str) -> None:
    from .data.previews import drop

    drop(_settings(), stack_id)


def _settings() -> Settings:
    """Read the settings, and set up logging as they say."""
    from logging.config import dictConfig

    from .runtime.logs import logging_config
    from .settings import Settings

    settings = Settings.from_environment()
    dictConfig(logging_config(settings.log_level, settings.log_format))
    return settings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
