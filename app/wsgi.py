"""What a server's worker imports: the application, built from the environment."""

from __future__ import annotations

from .application import create_app
from .settings import Settings

application = create_app(Settings.from_environment())
