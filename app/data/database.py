"""The database that the settings name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..settings import Settings
from .sqlite import Sqlite

if TYPE_CHECKING:
    from .postgres import Postgres


def new_database(settings: Settings, most_seconds: float = math.inf) -> Postgres | Sqlite:
    """Return the database the settings name: PostgreSQL when there is a host, else a SQLite file.

    `most_seconds` bounds `DATABASE_WAIT_SECONDS` where somebody waits who would give up earlier.
    """
    if not settings.database_host:
        return Sqlite(settings)
    # Imported here, so that a laptop with SQLite can do without the driver.
    from .postgres import Postgres

    return Postgres(settings, most_seconds)
