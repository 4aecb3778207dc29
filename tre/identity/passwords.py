"""Passwords, as argon2id hashes (RFC 9106)."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from privacy.errors import Refused
from tre.control.tables import storable

SHORTEST: Final = 12
LONGEST: Final = 256

_HASHER: Final = PasswordHasher()  # RFC 9106's second choice: 64 MiB, three passes
_AT_ONCE: Final = BoundedSemaphore(2)
"""Each hash takes 64 MiB: many sign-ins at once wait instead of filling memory."""

_NOBODYS: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$c29tZXRoaW5nc2FsdHk$"
    "1xqFyrJd7uN0OwAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""Checked for people who have none, so that they take as long."""


def hash_password(password: str, person: str) -> str:
    """The hash to keep. Refused with invalid_password for one that is easily guessed.

    Length and the own name are all that is ruled on (NIST SP 800-63B): rules on
    characters make passwords worse.
    """
    name = person.partition("@")[0].lower()
    if not SHORTEST <= len(password) <= LONGEST or not storable(password):
        raise Refused(
            "invalid_password",
            f"A password has {SHORTEST} to {LONGEST} characters.",
            suggestion="Four or five words that nobody would put together.",
        )
    if name in password.lower() or len(set(password)) < SHORTEST // 2:
        raise Refused(
            "invalid_password",
            "The password is your name, or a few characters again and again.",
            suggestion="Four or five words that nobody would put together.",
        )
    with _AT_ONCE:
        return _HASHER.hash(password)


def password_matches(kept: str | None, password: str) -> bool:
    """Whether the password is the one of the hash; as slow where there is none."""
    try:
        with _AT_ONCE:
            _HASHER.verify(
                kept or _NOBODYS, password.encode(errors="replace")[: 4 * LONGEST]
            )
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None
