"""What is fetched from an OpenID provider: its addresses, its keys, and tokens.

OpenID Connect Discovery 1.0, JSON Web Key sets (RFC 7517), and the authorisation
code grant with PKCE (RFC 6749, 7636).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final, TypeVar

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from privacy.errors import Refused
from tre.identity.providers import Provider, secure

_PATIENCE_SECONDS: Final = 10.0
_LARGEST: Final = 256 * 1024
_KEPT: Final = timedelta(hours=1)
_SOONEST: Final = timedelta(minutes=1)
"""Keys are fetched again for a token of an unknown one, but no sooner than this."""
_AGAIN: Final = timedelta(seconds=10)
"""A provider that did not answer is not asked again sooner."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a provider does what."""

    authorization: str
    token: str
    keys: str
    userinfo: str | None


@dataclass(slots=True)
class Issuer:
    """One provider as it answers. Thread-safe; keys are kept for an hour."""

    provider: Provider
    clock: Callable[[], datetime]
    _addresses: Addresses | None = None
    _keys: KeySet | None = field(default=None, repr=False)
    _fetched: datetime | None = None
    _failed: datetime | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def addresses(self) -> Addresses:
        """Where it does what. Refused with unavailable where it does not say."""
        with self._lock:
            if self._addresses is None:
                self._addresses = self._asked(self._discovered)
            return self._addresses

    def keys(self, *, wanted: str | None = None) -> KeySet:
        """Its public keys; fetched anew where one of the name `wanted` is not there."""
        place = self.addresses().keys
        with self._lock:
            held, age = self._keys, self._age()
            known = held is not None and _has(held, wanted)
            if held is not None and (age < _SOONEST or (known and age < _KEPT)):
                return held
            self._keys = self._asked(lambda: _key_set(_fetched("GET", place)))
            self._fetched = self.clock()
            return self._keys

    def exchange(self, code: str, verifier: str, redirect: str) -> Mapping[str, Any]:
        """The tokens of an authorisation code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
            "client_id": self.provider.client_id,
        }
        secret = self.provider.client_secret
        auth = None
        if secret is not None:
            auth = httpx.BasicAuth(self.provider.client_id, secret)
        return _fetched("POST", self.addresses().token, form=form, auth=auth)

    def userinfo(self, token: str) -> Mapping[str, Any]:
        """What it says of the person an access token is of; nothing without one."""
        place = self.addresses().userinfo
        if place is None:
            return {}
        return _fetched("GET", place, token=token)

    def _asked(self, what: Callable[[], T]) -> T:
        """What it answers. After a failure nobody waits for it for a while.

        Whoever sends made-up tokens would otherwise have every request wait.
        """
        if _since(self._failed, self.clock()) < _AGAIN:
            raise _silent()
        try:
            answered = what()
        except Refused:
            self._failed = self.clock()
            raise
        self._failed = None
        return answered

    def _age(self) -> timedelta:
        return _since(self._fetched, self.clock())

    def _discovered(self) -> Addresses:
        base = self.provider.issuer.rstrip("/")
        said = _fetched("GET", f"{base}/.well-known/openid-configuration")
        try:
            found = Addresses(
                str(said["authorization_endpoint"]),
                str(said["token_endpoint"]),
                str(said["jwks_uri"]),
                said.get("userinfo_endpoint"),
            )
        except KeyError:
            raise _silent() from None
        places = (found.token, found.keys, found.userinfo or found.token)
        if said.get("issuer") != self.provider.issuer or not all(map(secure, places)):
            raise _silent()
        return found


def _since(then: datetime | None, now: datetime) -> timedelta:
    """How long ago it was: for ever where it never was, or the clock went back."""
    if then is None or now < then:
        return timedelta.max
    return now - then


def _fetched(
    method: str,
    address: str,
    *,
    form: Mapping[str, str] | None = None,
    auth: httpx.Auth | None = None,
    token: str | None = None,
) -> Mapping[str, Any]:
    """A JSON object from the provider; nothing of an error it sends is passed on."""
    headers = {"Accept": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with (
            httpx.Client(timeout=_PATIENCE_SECONDS, trust_env=False) as client,
            client.stream(
                method,
                address,
                data=form,
                auth=auth or httpx.USE_CLIENT_DEFAULT,
                headers=headers,
            ) as answer,
        ):
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    raise _silent()
        said = json.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        raise _silent() from None
    if answer.status_code in {400, 401}:
        raise Refused("not_authenticated", "The provider did not accept the sign-in.")
    if not answer.is_success or not isinstance(said, dict):
        raise _silent()
    return said


def _key_set(said: Mapping[str, Any]) -> KeySet:
    try:
        return KeySet.import_key_set(dict(said))  # type: ignore[arg-type] # checked by it
    except (JoseError, KeyError, TypeError, ValueError):
        raise _silent() from None


def _has(keys: KeySet, wanted: str | None) -> bool:
    return wanted is None or any(key.kid == wanted for key in keys.keys)


def _silent() -> Refused:
    return Refused(
        "unavailable",
        "The sign-in provider does not answer as it should.",
        suggestion="Try again in a moment.",
    )
