"""What a server's worker imports, built from the environment.

`application` is WSGI for any server; `gateway` is what ours calls, which protects the threads from slow senders.
"""

from __future__ import annotations

from .application import create_app, create_gateway
from .runtime import allocator
from .settings import Settings

allocator.bound()
settings = Settings.from_environment()
application = create_app(settings)
gateway = create_gateway(application, settings)
allocator.settle()
