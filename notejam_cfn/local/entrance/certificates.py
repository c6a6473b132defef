"""A certificate authority that lives as long as a rehearsal."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path

import trustme


class Authority:
    """Signs certificates for names that stand-ins answer to. Its keys never leave the process."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def server_context(self, names: Sequence[str]) -> ssl.SSLContext:
        """Return what a server needs to prove that it is one of these names."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(*names).configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Return what a client needs that trusts this authority and no other."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._authority.configure_trust(context)
        return context

    def write(self, path: Path) -> None:
        """Write the certificate that clients trust."""
        self._authority.cert_pem.write_to_path(str(path))
