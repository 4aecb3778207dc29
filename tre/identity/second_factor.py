"""Six-digit codes from an authenticator app (RFC 6238), each good once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pyotp

ISSUER: Final = "tre"
_WINDOW: Final = (-1, 0, 1)
"""Steps of 30 seconds by which a telephone's clock may be off."""


def new_secret() -> str:
    """A secret for an authenticator, in base 32."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, person: str) -> str:
    """What an authenticator app reads, as a link or a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=person, issuer_name=ISSUER)


def step_of_code(secret: str, code: str, now: datetime, used: int | None) -> int | None:
    """The step of time this code is of; None for a wrong one, or one used before.

    `used` is the step of the last code that was taken: it and earlier ones are over.
    """
    totp = pyotp.TOTP(secret)
    for offset in _WINDOW:
        step = totp.timecode(now) + offset
        fresh = used is None or step > used
        if fresh and totp.verify(code, for_time=step * totp.interval):
            return step
    return None
