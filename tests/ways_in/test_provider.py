"""People and programs sign in with a real OpenID provider."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from privacy.errors import Refused
from tests.ways_in import openid
from tests.ways_in.conftest import Served
from tests.ways_in.world import RESEARCHER
from tre.environment import OPERATOR
from tre.gateway.asking import PAGE_TOKEN, SESSION_COOKIE
from tre.identity import flow
from tre.identity.claims import id_claims
from tre.identity.issuer import Issuer
from tre.identity.providers import Provider

pytestmark = pytest.mark.slow

UNDER_WAY = "__Host-tre-sign-in"
EXPLAIN = "/v1/projects/pay/explain"
COUNT = {"sql": "SELECT COUNT(*) AS n FROM people"}


@dataclass(frozen=True)
class Trusting:
    """A server that people sign in to by way of a provider."""

    served: Served
    issuer: str

    def departure(self) -> httpx.Response:
        """The answer that sends a browser to the provider."""
        with self.served.http(None) as browser:
            return browser.get("/v1/sign-in")

    def back(self, place: str, memory: str) -> httpx.Response:
        """The browser's return from the provider."""
        with self.served.http(None) as browser:
            return browser.get(place, headers={"Cookie": f"{UNDER_WAY}={memory}"})


@pytest.fixture(scope="module")
def trusting(served: Served) -> Iterator[Trusting]:
    """The served environment, which now trusts a provider."""
    with openid.provider(f"{served.url}/v1/sign-in/back") as issuer:
        described = Provider(
            issuer,
            "environment",
            openid.AUDIENCE,
            by_email=True,
            client_secret="a secret of the environment's",
        )
        served.environment.identity.set_provider(described, by=OPERATOR)
        yield Trusting(served, issuer)


def memory_of(departure: httpx.Response) -> str:
    """What the browser is given to remember."""
    return cookie(departure, UNDER_WAY)


def cookie(answer: httpx.Response, name: str) -> str:
    """A cookie the answer sets; it must be out of the reach of scripts and others."""
    (set_to,) = [
        each
        for each in answer.headers.get_list("set-cookie")
        if each.startswith(f"{name}=") and "Max-Age=0" not in each
    ]
    attributes = {part.strip().lower() for part in set_to.split(";")[1:]}
    assert {"path=/", "secure", "httponly", "samesite=lax"} <= attributes
    assert not [part for part in attributes if part.startswith("domain")]
    return set_to.split(";")[0].removeprefix(f"{name}=")


def test_somebody_signs_in_by_the_provider(trusting: Trusting) -> None:
    """The provider's word on a verified address opens a session, which may ask."""
    departure = trusting.departure()
    place = openid.signed_in(departure.headers["location"], RESEARCHER)
    arrival = trusting.back(place, memory_of(departure))
    assert arrival.status_code == 201, arrival.text
    assert arrival.json()["person"] == RESEARCHER
    session = {
        "Cookie": f"{SESSION_COOKIE}={cookie(arrival, SESSION_COOKIE)}",
        PAGE_TOKEN: arrival.json()["csrf"],
    }
    with trusting.served.http(None) as http:
        assert http.get("/v1/me", headers=session).json()["means"] == "session"
        assert http.post(EXPLAIN, json=COUNT, headers=session).status_code == 200
        assert http.post("/v1/session/end", headers=session).status_code == 204
        assert http.get("/v1/me", headers=session).status_code == 401


def test_the_provider_is_told_a_challenge_and_no_secret(trusting: Trusting) -> None:
    """The browser carries the hash of a verifier (S256), a state and a nonce."""
    query = parse_qs(urlsplit(trusting.departure().headers["location"]).query)
    again = parse_qs(urlsplit(trusting.departure().headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    for once in ("code_challenge", "state", "nonce"):
        assert query[once] != again[once]
    assert "a secret of the environment's" not in json.dumps(query)


@pytest.mark.parametrize("login", ["stranger@example.org", f"unverified-{RESEARCHER}"])
def test_only_people_known_here_come_in(trusting: Trusting, login: str) -> None:
    """An unknown address, or one the provider has not verified, opens nothing."""
    departure = trusting.departure()
    place = openid.signed_in(departure.headers["location"], login)
    arrival = trusting.back(place, memory_of(departure))
    assert (arrival.status_code, arrival.json()["code"]) == (401, "not_authenticated")
    assert "set-cookie" not in arrival.headers


def test_a_return_fits_its_departure(trusting: Trusting) -> None:
    """A code is worth nothing with another browser's memory, another state, or twice.

    So nobody is signed in as somebody else by a link, and a code that leaked is used
    up or lacks the verifier.
    """
    mine, other = trusting.departure(), trusting.departure()
    place = openid.signed_in(mine.headers["location"], RESEARCHER)
    code = parse_qs(urlsplit(place).query)["code"][0]
    state = parse_qs(urlsplit(other.headers["location"]).query)["state"][0]
    swapped = f"/v1/sign-in/back?code={code}&state={state}"
    for at, memory in [
        (place, memory_of(other)),
        (place, ""),
        (place, "x" * 50),
        (swapped, memory_of(mine)),
        ("/v1/sign-in/back", memory_of(mine)),
        (swapped, memory_of(other)),  # all fits but the verifier
    ]:
        assert trusting.back(at, memory).json()["code"] == "not_authenticated"
    departure = trusting.departure()
    place = openid.signed_in(departure.headers["location"], RESEARCHER)
    assert trusting.back(place, memory_of(departure)).status_code == 201
    again = trusting.back(place, memory_of(departure))
    assert again.json()["code"] == "not_authenticated"


def test_a_program_asks_with_its_own_token(trusting: Trusting) -> None:
    """Client credentials give a token that is good for what it says, once linked."""
    identity = trusting.served.environment.identity
    token = openid.program_token(trusting.issuer, "ask")
    with pytest.raises(Refused, match="not known here"):
        identity.bearer(token)
    identity.link("nightly-job", RESEARCHER, by=OPERATOR)
    bearer = {"Authorization": f"Bearer {token}"}
    with trusting.served.http(None) as http:
        assert http.post(EXPLAIN, json=COUNT, headers=bearer).status_code == 200
        assert http.get("/v1/datasets", headers=bearer).json()["code"] == "not_in_scope"
        all_of_it = openid.program_token(trusting.issuer, "ask account")
        bearer = {"Authorization": f"Bearer {all_of_it}"}
        assert http.get("/v1/tokens", headers=bearer).json()["code"] == "not_in_scope"
    identity.unlink("nightly-job", by=OPERATOR)
    with pytest.raises(Refused, match="not known here"):
        identity.bearer(token)


@pytest.mark.parametrize("resource", ["urn:elsewhere", "urn:long"])
def test_a_token_for_others_or_for_long_opens_nothing(
    trusting: Trusting, resource: str
) -> None:
    """An access token is made out to us, and ends within the hour."""
    identity = trusting.served.environment.identity
    identity.link("nightly-job", RESEARCHER, by=OPERATOR)
    token = openid.program_token(trusting.issuer, "ask", resource)
    with pytest.raises(Refused, match="not valid"):
        identity.bearer(token)


def test_a_token_of_other_keys_opens_nothing(trusting: Trusting) -> None:
    """The same claims, signed by somebody else, unsigned, or altered, are refused."""
    identity = trusting.served.environment.identity
    identity.link("nightly-job", RESEARCHER, by=OPERATOR)
    token = openid.program_token(trusting.issuer, "ask")
    header, body, signature = token.split(".")
    keys = KeySet.import_key_set(httpx.get(f"{trusting.issuer}/jwks").json())
    claims = jwt.decode(token, keys).claims
    own = RSAKey.generate_key(2048, auto_kid=True)
    forged = jwt.encode({"alg": "RS256", "typ": "at+jwt"}, claims, own)
    none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"
    for wrong in (
        forged,
        f"{none}.{body}.",
        f"{header}.{body}.{signature[:-4]}AAAA",
        f"{header}.{body}",
        "x" * 20_000,
        "",
    ):
        with pytest.raises(Refused) as caught:
            identity.bearer(wrong)
        assert caught.value.code == "not_authenticated"
    assert identity.bearer(token).person == RESEARCHER


def test_an_id_token_is_no_access_token(trusting: Trusting) -> None:
    """What says who somebody is to us does not open what an access token opens."""
    identity = trusting.served.environment.identity
    issuer = Issuer(identity.provider(), identity.clock)
    key, redirect = bytes(32), f"{trusting.served.url}/v1/sign-in/back"
    departure = flow.depart(issuer, redirect, identity.clock(), key)
    place = openid.signed_in(departure.address, RESEARCHER)
    said = parse_qs(urlsplit(place).query)
    memory = flow._remembered(departure.memory, identity.clock(), key)
    tokens = issuer.exchange(said["code"][0], memory.verifier, redirect)
    token = tokens["id_token"]
    assert id_claims(issuer, token, memory.nonce, identity.clock())["sub"] == RESEARCHER
    with pytest.raises(Refused):
        id_claims(issuer, token, "another nonce", identity.clock())
    with pytest.raises(Refused):
        identity.bearer(token)
    with pytest.raises(Refused):
        identity.bearer(tokens["access_token"])  # opaque: for the provider itself
