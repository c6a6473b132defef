"""Slowing down who tries too often, counted in the database so that all tasks count together.

An attempt counts under several keys: the account from one address (somebody guessing one password), the account from
anywhere (many machines guessing it), and the address (one machine trying many accounts). The keys are hashed with the
application's secret; the table holds neither addresses nor e-mail.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import Any

from bottle import request

from ..data.models import Attempts, now
from .sessions import Signer

WINDOW = dt.timedelta(minutes=15)
# Attempts within the window: of one account from one address, of one account, from one address.
LIMITS = {"signin": (10, 100, 100), "signup": (10, 20, 50), "reset": (5, 10, 30), "password": (10, 20, 100)}


class Throttle:
    """Counts attempts; `trusted_proxies` tells which entry of X-Forwarded-For is the visitor's."""

    def __init__(self, signer: Signer, trusted_proxies: int) -> None:
        self._signer = signer
        self._proxies = trusted_proxies

    def refuses(self, action: str, account: str) -> bool:
        """Count one attempt and return whether it is one too many."""
        keys = self._keys(action, account)
        counts = Attempts.count_one(keys, now() + WINDOW)
        refused = any(counts[key] > limit for key, limit in zip(keys, LIMITS[action], strict=True))
        request.environ["notejam.throttled"] = refused
        return refused

    def forgive(self, action: str, account: str) -> None:
        """Forget the failures of an account from this address, after a success."""
        Attempts.forget(self._keys(action, account)[:1])

    def _keys(self, action: str, account: str) -> list[str]:
        address = client_address(request.environ, self._proxies)
        subjects = (f"{account} {address}", account, address)
        return [self._signer.sign("throttle", f"{action} {number} {what}") for number, what in enumerate(subjects)]


def client_address(environ: dict[str, Any], trusted_proxies: int) -> str:
    """Return the visitor's network: the IPv4 address, or the /64 an IPv6 visitor owns all of.

    Each trusted proxy appends the address it was called from, so the entry that many from the right is the last one
    nobody could forge.
    """
    forwarded = [entry.strip() for entry in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    text = forwarded[-trusted_proxies] if 0 < trusted_proxies <= len(forwarded) else ""
    try:
        address = ipaddress.ip_address(text or environ.get("REMOTE_ADDR", ""))
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
