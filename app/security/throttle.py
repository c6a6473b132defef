"""Slowing down who tries too often, counted in the database so that all tasks count together.

An attempt counts under several keys: the account from one address (somebody guessing one password), the account from
anywhere (many machines guessing it), and the address (one machine trying many accounts). The keys are signed with the
application's secret; the table holds neither addresses nor e-mail.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import Any

from bottle import request

from ..data.models import Attempts, now
from .signing import new_signer

WINDOW = dt.timedelta(minutes=15)
# Attempts within the window: of one account from one address, of one account, from one address.
LIMITS = {"signin": (10, 100, 100), "signup": (10, 20, 50), "reset": (5, 10, 30), "password": (10, 20, 100)}


class Throttle:
    """Counts attempts; `trusted_proxies` tells which entry of X-Forwarded-For is the visitor's."""

    def __init__(self, secret: str, trusted_proxies: int) -> None:
        self._signer = new_signer(secret, "throttle")
        self._proxies = trusted_proxies

    def refuses(self, action: str, account: str, known: str = "") -> bool:
        """Count one attempt and return whether it is one too many.

        What is refused for its address is not counted against the account, so one address cannot lock its owner out;
        and a browser that the account is `known` to have signed in with counts by itself, whatever others do.
        """
        each, all_of_account, all_of_address = LIMITS[action]
        if known:
            refused = self._exceeds({self._key(action, "known", account, known): each})
        else:
            address = self._address()
            origin = {self._key(action, "each", account, address): each}
            origin |= {self._key(action, "address", address): all_of_address}
            refused = self._exceeds(origin) or self._exceeds({self._key(action, "account", account): all_of_account})
        request.environ["notejam.throttled"] = refused
        return refused

    def forgive(self, action: str, account: str, known: str = "") -> None:
        """Forget the failures of an account from here, after a success, which itself uses up nothing."""
        if known:
            Attempts.forget([self._key(action, "known", account, known)])
            return
        address = self._address()
        Attempts.forget([self._key(action, "each", account, address)])
        Attempts.give_back([self._key(action, "address", address), self._key(action, "account", account)])

    def _exceeds(self, limits: dict[str, int]) -> bool:
        counts = Attempts.count_one(list(limits), now() + WINDOW)
        return any(counts[key] > limit for key, limit in limits.items())

    def _address(self) -> str:
        return client_address(request.environ, self._proxies)

    def _key(self, *parts: str) -> str:
        return self._signer.get_signature(" ".join(parts)).decode()


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
