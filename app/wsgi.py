"""What a server's worker imports: the application, built from the environment."""

from __future__ import annotations

from . import memory
from .application import create_app
from .settings import Settings

memory.bound()
application = create_app(Settings.from_environment())
memory.settle()
