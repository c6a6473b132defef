"""What a server's worker imports: the application, built from the environment."""

from __future__ import annotations

from .application import create_app
from .runtime import allocator
from .settings import Settings

allocator.bound()
application = create_app(Settings.from_environment())
allocator.settle()
