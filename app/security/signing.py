"""Signatures, made and checked by itsdangerous: what was signed for one purpose is worth nothing for another."""

from __future__ import annotations

import hashlib
import hmac

from itsdangerous import TimestampSigner, URLSafeTimedSerializer


def new_signer(secret: str, purpose: str) -> TimestampSigner:
    """Return what signs short texts with HMAC-SHA-256 and a key of its own."""
    # Derived once here rather than at each signature, which would cost twice as much.
    key = hmac.digest(secret.encode(), purpose.encode(), "sha256")
    return TimestampSigner(key, sep=".", key_derivation="none", digest_method=hashlib.sha256)


def new_link_serializer(secret: str, purpose: str) -> URLSafeTimedSerializer:
    """Return what packs values into a signed part of an address, and takes them out again."""
    return URLSafeTimedSerializer(
        hmac.digest(secret.encode(), purpose.encode(), "sha256"),
        salt=purpose.encode(),
        signer_kwargs={"key_derivation": "none", "digest_method": hashlib.sha256},
    )
