"""Small secrets that must be kept in readable form, sealed under one key.

AES-256-GCM with a random nonce; what a seal is for is authenticated with it, so one
cannot be put in another's place.
"""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


class Unsealable(Exception):
    """The bytes are not what was sealed for this purpose."""


def seal(key: bytes, purpose: str, secret: bytes) -> bytes:
    """The secret, readable only with the key and for the same purpose."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, purpose.encode())


def unseal(key: bytes, purpose: str, sealed: bytes) -> bytes:
    """What was sealed. Raises `Unsealable` for anything else."""
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, rest, purpose.encode())
    except (InvalidTag, ValueError):
        raise Unsealable(purpose) from None
