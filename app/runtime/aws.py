"""Clients of AWS services, by botocore."""

from __future__ import annotations

from typing import Any


def new_client(service: str, **patience: Any) -> Any:
    """Return a client; `patience` are options of botocore's Config, such as `connect_timeout` in seconds."""
    # Imported here: botocore costs a quarter of a second and 25 MB, and most tasks live and die without it.
    import botocore.session
    from botocore.config import Config

    return botocore.session.get_session().create_client(service, config=Config(**patience))
