"""A person's way to the provider and back: authorisation code with PKCE (RFC 7636).

What must be remembered meanwhile is in a sealed cookie, so that visitors who never
come back leave nothing behind here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from privacy.errors import Refused
from tre.identity.claims import id_claims
from tre.identity.issuer import Issuer
from tre.identity.sealing import Unsealable, seal, unseal

LIFE: Final = timedelta(minutes=10)
_PURPOSE: Final = "sign-in under way"


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the sealed memory it brings back."""

    address: str
    memory: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Memory:
    state: str
    nonce: str
    verifier: str
    until: float


def depart(issuer: Issuer, redirect: str, now: datetime, key: bytes) -> Departure:
    """Begin a sign-in that comes back to `redirect` within ten minutes."""
    memory = _Memory(
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        until=(now + LIFE).timestamp(),
    )
    query = {
        "response_type": "code",
        "client_id": issuer.provider.client_id,
        "redirect_uri": redirect,
        "scope": "openid email",
        "state": memory.state,
        "nonce": memory.nonce,
        "code_challenge": challenge(memory.verifier),
        "code_challenge_method": "S256",
    }
    sealed = seal(key, _PURPOSE, json.dumps(asdict(memory)).encode())
    place = issuer.addresses().authorization
    join = "&" if "?" in place else "?"
    return Departure(f"{place}{join}{urlencode(query)}", _base64(sealed))


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the browser comes back with."""

    code: str = field(repr=False)
    state: str = field(repr=False)
    memory: str = field(repr=False)
    issuer: str | None = None
    """Who says so (RFC 9207), where the provider says it."""


def arrive(
    issuer: Issuer, arrival: Arrival, redirect: str, now: datetime, key: bytes
) -> dict[str, Any]:
    """The claims of the person who comes back. Refused with not_authenticated."""
    memory = _remembered(arrival.memory, now, key)
    if not hmac.compare_digest(memory.state.encode(), arrival.state.encode()):
        raise _lost()
    if not arrival.code or arrival.issuer not in {None, issuer.provider.issuer}:
        raise _lost()
    tokens = issuer.exchange(arrival.code, memory.verifier, redirect)
    token = tokens.get("id_token")
    if not isinstance(token, str):
        raise _lost()
    claims = id_claims(issuer, token, memory.nonce, now)
    access = tokens.get("access_token")
    if issuer.provider.by_email and "email" not in claims and isinstance(access, str):
        return {**_about(issuer, access, str(claims["sub"])), **claims}
    return claims


def _about(issuer: Issuer, token: str, subject: str) -> dict[str, Any]:
    """The provider's word on this very subject (OpenID Connect Core 1.0, 5.3.2)."""
    said = dict(issuer.userinfo(token))
    if said.get("sub") != subject:
        raise _lost()
    return said


def challenge(verifier: str) -> str:
    """What the provider is told of the verifier beforehand (RFC 7636, appendix B).

    >>> challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _remembered(sealed: str, now: datetime, key: bytes) -> _Memory:
    try:
        raw = base64.urlsafe_b64decode(sealed.encode() + b"==")
        memory = _Memory(**json.loads(unseal(key, _PURPOSE, raw)))
    except (Unsealable, ValueError, TypeError):
        raise _lost() from None
    if memory.until <= now.timestamp():
        raise _lost()
    return memory


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _lost() -> Refused:
    return Refused(
        "not_authenticated",
        "This is not the end of a sign-in that began here.",
        suggestion="Begin again at /v1/sign-in.",
    )
