"""A provider's tokens: its own signature counts, and what is made out to us."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from privacy.errors import Refused
from tests.control.world import NOW
from tre.identity import issuer as issuers
from tre.identity.claims import access_claims, id_claims
from tre.identity.issuer import Addresses, Issuer
from tre.identity.providers import Provider

PROVIDER = Provider(
    "https://id.example.org", "tre", "https://tre.example.org", by_email=True
)
RSA = RSAKey.generate_key(2048, auto_kid=True)
EC = ECKey.generate_key("P-256", auto_kid=True)
NONCE = "a nonce"


def issuer(*keys: Any) -> Issuer:
    """The provider, whose keys were fetched just now."""
    places = Addresses("https://id.example.org/a", "", "https://id.example.org/k", None)
    made = Issuer(PROVIDER, lambda: NOW, _addresses=places)
    made._keys = KeySet(list(keys) or [RSA, EC])
    made._fetched = NOW
    return made


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of an access token, with changes; None leaves one out."""
    now = int(NOW.timestamp())
    whole = {
        "iss": PROVIDER.issuer,
        "aud": PROVIDER.audience,
        "sub": "somebody",
        "iat": now,
        "exp": now + 600,
        "scope": "ask",
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def signed(key: Any = RSA, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """An access token, signed as it should be but for what is changed."""
    alg = "ES256" if key is EC else "RS256"
    whole = {"alg": alg, "typ": "at+jwt", "kid": key.kid} | (header or {})
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(whole, claims(**changes), key, algorithms=["RS256", "ES256"])


def signed_raw(header: object) -> str:
    """A token with a header that no library would sign, and a right signature."""
    body = f"{part(header)}.{part(claims())}".encode()
    tag = RSA.private_key.sign(body, PKCS1v15(), SHA256())  # type: ignore[union-attr] # it is RSA
    return f"{body.decode()}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"


def part(value: object) -> str:
    """JSON as a part of a token."""
    raw = json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def with_secret(secret: bytes, kid: str | None = None) -> str:
    """A token that is signed with what everybody knows, as if it were a secret."""
    header = {"alg": "HS256", "typ": "at+jwt"} | ({"kid": kid} if kid else {})
    body = f"{part(header)}.{part(claims())}"
    tag = hmac.digest(secret, body.encode(), hashlib.sha256)
    return f"{body}.{base64.urlsafe_b64encode(tag).rstrip(b'=').decode()}"


@pytest.mark.parametrize("key", [RSA, EC], ids=["RSA", "EC"])
def test_a_token_of_the_providers_is_read(key: Any) -> None:
    """Either kind of key signs; the claims come back."""
    assert access_claims(issuer(), signed(key), NOW)["sub"] == "somebody"


OWN = RSAKey.generate_key(2048, auto_kid=True)
FORGED: dict[str, Callable[[], str]] = {
    "another's key": lambda: signed(OWN),
    "another's key under a known name": lambda: signed(OWN, {"kid": RSA.kid}),
    "a key in its own header": lambda: signed(OWN, {"jwk": OWN.as_dict(private=False)}),
    "a key at its own address": lambda: signed(
        OWN, {"kid": RSA.kid, "jku": "https://evil.example/keys"}
    ),
    "a certificate of its own": lambda: signed(
        OWN, {"kid": RSA.kid, "x5u": "https://evil.example/cert"}
    ),
    "no signature": lambda: (
        f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{part(claims())}."
    ),
    "no signature, in capitals": lambda: (
        f"{part({'alg': 'NONE', 'typ': 'at+jwt'})}.{part(claims())}."
    ),
    "the public key as a secret, PEM": lambda: with_secret(
        RSA.as_pem(private=False), RSA.kid
    ),
    "the public key as a secret, DER": lambda: with_secret(
        RSA.as_der(private=False), RSA.kid
    ),
    "the public key as a secret, JSON": lambda: with_secret(
        json.dumps(RSA.as_dict(private=False)).encode(), RSA.kid
    ),
    "the name of a key as a secret": lambda: with_secret(
        str(RSA.kid).encode(), RSA.kid
    ),
    "an empty secret": lambda: with_secret(b""),
    "an RSA key's name on a curve's signature": lambda: signed(EC, {"kid": RSA.kid}),
    "a critical header nobody knows": lambda: signed_raw(
        {"alg": "RS256", "typ": "at+jwt", "kid": RSA.kid, "crit": ["x"], "x": 1}
    ),
    "a name that is no text": lambda: signed_raw(
        {"alg": "RS256", "typ": "at+jwt", "kid": [1]}
    ),
    "a header that is no object": lambda: signed_raw([1]),
    "another's claims": lambda: ".".join(
        (signed().split(".")[0], part(claims(sub="administrator")), signed()[-342:])
    ),
}


def test_what_is_signed_by_hand_is_read() -> None:
    """So the refusals below are for what is wrong in a header, and not the hand."""
    header = {"alg": "RS256", "typ": "at+jwt", "kid": RSA.kid}
    assert access_claims(issuer(), signed_raw(header), NOW)["sub"] == "somebody"


@pytest.mark.parametrize("forgery", FORGED)
def test_no_forgery_is_taken(forgery: str) -> None:
    """Keys and algorithms are ours to choose, never the token's."""
    with pytest.raises(Refused) as refusal:
        access_claims(issuer(), FORGED[forgery](), NOW)
    assert refusal.value.code == "not_authenticated"
    assert refusal.value.message == "The token is not valid."


def test_a_secret_among_the_keys_signs_nothing() -> None:
    """A provider that publishes a shared secret does not make it a signing key."""
    shared = OctKey.import_key("a secret that everybody can read", {"kid": "s"})
    with pytest.raises(Refused):
        access_claims(issuer(RSA, shared), with_secret(shared.raw_value, "s"), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example.org"},
        {"aud": PROVIDER.client_id},
        {"aud": []},
        {"aud": None},
        {"aud": f"{PROVIDER.audience}/"},
        {"iss": "https://evil.example"},
        {"iss": f"{PROVIDER.issuer}/"},
        {"iss": None},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"exp": int(NOW.timestamp()) - 60},
        {"exp": int(NOW.timestamp()) + 3601},
        {"iat": int(NOW.timestamp()) - 7200},
        {"nbf": int(NOW.timestamp()) + 300},
        {"exp": "never"},
        {"iat": int(NOW.timestamp()) + 600, "exp": int(NOW.timestamp()) + 900},
    ],
)
def test_a_token_is_made_out_to_us_and_ends_soon(changes: dict[str, Any]) -> None:
    """Another audience, issuer or time is refused, however well it is signed."""
    with pytest.raises(Refused):
        access_claims(issuer(), signed(**changes), NOW)


@pytest.mark.parametrize("typ", ["JWT", "", "id+jwt", "dpop+jwt", None])
def test_only_an_access_token_is_one(typ: str | None) -> None:
    """An ID token, or any other kind, opens nothing here (RFC 9068, section 4)."""
    with pytest.raises(Refused):
        access_claims(issuer(), signed(header={"typ": typ}), NOW)


def test_an_access_token_is_no_id_token() -> None:
    """Nor does an access token sign anybody in, even with the nonce."""
    said = claims(aud=PROVIDER.client_id, nonce=NONCE)
    header = {"alg": "RS256", "typ": "at+jwt", "kid": RSA.kid}
    with pytest.raises(Refused):
        id_claims(issuer(), jwt.encode(header, said, RSA), NONCE, NOW)
    right = jwt.encode(header | {"typ": "JWT"}, said, RSA)
    assert id_claims(issuer(), right, NONCE, NOW)["sub"] == "somebody"
    other = jwt.encode(header | {"typ": "JWT"}, said | {"azp": "another"}, RSA)
    with pytest.raises(Refused):
        id_claims(issuer(), other, NONCE, NOW)


@dataclass
class Published:
    """The keys that the provider publishes, and how often they were fetched."""

    keys: list[Any]
    silent: bool = False
    fetched: list[str] = field(default_factory=list)

    def answer(self, _method: str, address: str, **_more: Any) -> dict[str, Any]:
        """What it publishes, or nothing."""
        self.fetched.append(address)
        if self.silent:
            raise issuers._silent()
        return dict(KeySet(self.keys).as_dict(private=False))


def test_keys_are_taken_up_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key is fetched when it signs; one that is withdrawn is good for an hour.

    Tokens of made-up keys make us fetch once a minute and no more, and a clock that
    went back keeps nothing for good.
    """
    published = Published([RSA, EC])
    monkeypatch.setattr(issuers, "_fetched", published.answer)
    now = [NOW]
    provider = issuer(RSA)
    provider.clock = lambda: now[0]
    with pytest.raises(Refused):
        access_claims(provider, signed(EC), NOW)  # fetched a moment ago
    now[0] += timedelta(minutes=1)
    assert access_claims(provider, signed(EC), NOW)
    for _ in range(5):
        with pytest.raises(Refused):
            access_claims(provider, signed(OWN), NOW)
    assert len(published.fetched) == 1
    published.keys = [EC]
    assert access_claims(provider, signed(RSA), NOW)
    now[0] += timedelta(hours=1)
    with pytest.raises(Refused):
        access_claims(provider, signed(RSA), NOW)
    published.keys = [EC, OWN]
    now[0] -= timedelta(days=1)
    assert access_claims(provider, signed(OWN), NOW)


def test_nobody_waits_for_a_provider_that_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a failure it is asked again in ten seconds, whoever comes meanwhile."""
    published = Published([RSA], silent=True)
    monkeypatch.setattr(issuers, "_fetched", published.answer)
    now = [NOW]
    provider = issuer(RSA)
    provider.clock = lambda: now[0]
    now[0] += timedelta(hours=2)
    for _ in range(20):
        with pytest.raises(Refused) as refusal:
            access_claims(provider, signed(), NOW)
        assert refusal.value.code == "unavailable"
    assert len(published.fetched) == 1
    published.silent = False
    now[0] += timedelta(seconds=10)
    assert access_claims(provider, signed(), NOW)
