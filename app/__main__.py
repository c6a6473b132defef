"""The commands: nothing (development), `serve`, `migrate`, `healthcheck`.

Each imports what it needs and no more: the health check runs every few seconds on a quarter of a core.
"""

from __future__ import annotations

import os
import sys

# Not from typing: importing that takes as long as the whole health check.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import Settings

USAGE = "usage: python -m app [serve | migrate | healthcheck]"


def main(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    commands = {(): _develop, ("serve",): _serve, ("migrate",): _migrate, ("healthcheck",): _healthcheck}
    command = commands.get(tuple(arguments))
    if command is None:
        print(USAGE, file=sys.stderr)
        return 2
    return command()


def _healthcheck() -> int:
    from .runtime.healthcheck import main

    return main()


def _serve() -> int:
    settings = _settings()
    from .runtime.server import serve

    serve(settings)
    return 0


def _migrate() -> int:
    settings = _settings()
    from .data.migrate import migrate

    migrate(settings)
    return 0


def _develop() -> int:
    """Migrate and serve, with defaults for one person at a terminal."""
    from .runtime.development import set_defaults

    set_defaults(os.environ)
    settings = _settings()
    from .data.migrate import migrate
    from .runtime.server import serve

    migrate(settings)
    print(f"Notejam is on {settings.public_url} (stop it with Ctrl-C)", flush=True)
    serve(settings)
    return 0


def _settings() -> Settings:
    """Read the settings and set up logging, or stop with one clear line."""
    from logging.config import dictConfig

    from .errors import SettingsError
    from .runtime.logs import logging_config
    from .settings import Settings

    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        sys.exit(f"notejam: {error}")
    dictConfig(logging_config(settings.log_level, settings.log_format))
    return settings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
