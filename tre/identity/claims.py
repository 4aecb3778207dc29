"""Reading a provider's signed tokens: who signed, for whom, until when.

ID tokens as OpenID Connect Core 1.0 (3.1.3.7) has it, access tokens as RFC 9068.
The two are told apart, so that one never passes for the other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError

from privacy.errors import Refused
from tre.identity.issuer import Issuer

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
"""Signatures with a public key; `none` and shared secrets are not among them."""

LONGEST_LIFE: Final = timedelta(hours=1)
"""Access tokens cannot be called back: they must end by themselves, and soon."""

_LEEWAY_SECONDS: Final = 30
_LARGEST: Final = 16 * 1024


def id_claims(issuer: Issuer, token: str, nonce: str, now: datetime) -> dict[str, Any]:
    """The claims of an ID token made out to us for this very sign-in.

    Refused with not_authenticated for anything else.
    """
    header, claims = _verified(issuer, token)
    provider = issuer.provider
    sound = (
        header.get("typ", "JWT") == "JWT"
        and claims.get("nonce") == nonce
        and claims.get("azp", provider.client_id) == provider.client_id
    )
    _check(claims, issuer=provider.issuer, audience=provider.client_id, now=now)
    if not sound:
        raise _wrong()
    return claims


def access_claims(issuer: Issuer, token: str, now: datetime) -> dict[str, Any]:
    """The claims of an access token made out to us, with an hour of life at most."""
    header, claims = _verified(issuer, token)
    provider = issuer.provider
    _check(claims, issuer=provider.issuer, audience=provider.audience, now=now)
    life = timedelta(seconds=claims["exp"] - claims["iat"])
    kind = str(header.get("typ", "")).lower()
    if kind not in {"at+jwt", "application/at+jwt"} or life > LONGEST_LIFE:
        raise _wrong()
    return claims


def _verified(issuer: Issuer, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token that the provider signed."""
    if len(token) > _LARGEST:
        raise _wrong()
    try:
        header = jws.extract_compact(token.encode()).headers()
        keys = issuer.keys(wanted=_text(header.get("kid")))
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise _wrong() from None
    if not isinstance(read.claims, dict):
        raise _wrong()
    return dict(read.header), read.claims


def _check(
    claims: dict[str, Any], *, issuer: str, audience: str, now: datetime
) -> None:
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        registry.validate(claims)
    except (JoseError, TypeError, ValueError):
        raise _wrong() from None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _wrong() -> Refused:
    return Refused("not_authenticated", "The token is not valid.")
