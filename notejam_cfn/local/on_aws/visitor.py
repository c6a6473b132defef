"""Somebody who uses a trial's stage over the internet."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from ...deploy.service import smoke_test
from ..entrance import smoke_client

Account = Mapping[str, str]
"""Who somebody is in the application: `email` and `password`."""


class Visitor:
    """Goes where the stage's address leads."""

    def wait(self, url: str) -> Iterable[str]:
        """Ask until the pages answer, for ten minutes, and yield what is wrong with those that do not."""
        return smoke_test.problems(url)

    def write(self, url: str) -> Account:
        """Sign up, write a note, and return who did. Raises `SmokeError`."""
        return smoke_client.walk(_client(url), lambda words: None)

    def find(self, url: str, account: Account) -> None:
        """Sign in again and find the note. Raises `SmokeError`."""
        smoke_client.find(_client(url), account)


def _client(url: str) -> smoke_client.SmokeClient:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    place = f"{parts.hostname}:{parts.port or (443 if secure else 80)}"
    trusted = ssl.create_default_context() if secure else None
    return smoke_client.SmokeClient(place, parts.netloc, trusted)
