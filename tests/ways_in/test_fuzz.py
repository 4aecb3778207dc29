"""Requests made up from the OpenAPI document, as everybody: no fault, no way round."""

import asyncio
import json

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ways_in import test_matrix
from tests.ways_in.test_matrix import ADDRESSES, EVERYBODY, Place
from tre.gateway.app import create_app

place = test_matrix.place
ASKING = "POST /v1/projects/{project}/queries"
ACTORS = sorted(EVERYBODY)
SECONDS_ENOUGH = 60


@pytest.fixture(scope="module")
def schema(place: Place):
    """The server's own description of itself."""
    return schemathesis.openapi.from_url(f"{place.served.url}/v1/openapi.json")


@pytest.mark.slow
@pytest.mark.parametrize("address", ADDRESSES)
def test_made_up_requests_are_answered_and_let_nobody_in(
    place: Place, schema, address: str
) -> None:
    """Sent by each in turn, it is no fault, and succeeds as the matrix says."""
    method, path = address.split()
    operation = schema[path][method]

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def holds(case) -> None:
        for actor in ACTORS:
            sent(case, actor)

    def sent(case, actor: str) -> None:
        token = place.tokens.get(actor)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = case.call(headers=headers, timeout=SECONDS_ENOUGH)
        problem = answer.headers.get("content-type", [""])[0]
        if answer.status_code >= 400:
            assert problem == "application/problem+json", answer.text
            said = answer.json()
            assert said["status"] == answer.status_code
            fault = answer.status_code >= 500
            assert not fault or (address, said["code"]) == (ASKING, "failed"), said
        elif answer.status_code < 300:
            assert actor in ADDRESSES[address].let_in

    holds()


@pytest.fixture(scope="module")
def app(place: Place) -> FastAPI:
    """The application, without a server that would mend what is sent."""
    return create_app(place.served.environment)


HEADERS = (b"authorization", b"cookie", b"x-csrf-token", b"host", b"idempotency-key")
PIECES = st.binary(max_size=40) | st.sampled_from(
    [
        *(
            b"Bearer ",
            b"bearer",
            b"tre_",
            b"__Host-tre=",
            b"__Host-tre-sign-in=",
            b"; ",
        ),
        *(b"eyJhbGciOiJub25lIn0", b"e30", b".", b"=", b"localhost", b":8000", b"\xff"),
    ]
)
VALUES = st.lists(PIECES, max_size=5).map(b"".join)
SENT = st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=4)
ASKED = st.sampled_from(
    [
        *(("GET", "/v1/me"), ("GET", "/v1/tokens"), ("POST", "/v1/tokens")),
        *(
            ("POST", "/v1/session"),
            ("POST", "/v1/session/end"),
            ("GET", "/v1/datasets"),
        ),
        *(("GET", "/v1/sign-in/back"), ("POST", "/v1/projects/pay/explain")),
    ]
)


@given(sent=SENT, asked=ASKED, token=st.sampled_from(ACTORS))
def test_tokens_and_cookies_of_any_bytes_open_nothing(
    place: Place,
    app: FastAPI,
    sent: list[tuple[bytes, bytes]],
    asked: tuple[str, str],
    token: str,
) -> None:
    """Whatever bytes stand where something secret should, they are refused as such.

    A right token is cut short, or something is put behind it, besides.
    """
    right = place.tokens.get(token, "").encode()
    for extra in ([], [(b"authorization", b"Bearer " + right[:-1])]):
        told: list[dict] = []
        asyncio.run(app(scope_of(asked, [*sent, *extra]), nothing, teller(told)))
        status = told[0]["status"]
        assert 400 <= status < 500, told
        body = b"".join(each.get("body", b"") for each in told[1:])
        assert json.loads(body)["status"] == status


def scope_of(asked: tuple[str, str], headers: list[tuple[bytes, bytes]]) -> dict:
    """A request as a server would hand it on, of any bytes."""
    method, path = asked
    named = any(name == b"host" for name, _ in headers)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers if named else [*headers, (b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }


async def nothing() -> dict:
    """A body without a byte."""
    return {"type": "http.request", "body": b"", "more_body": False}


def teller(told: list[dict]):
    """Keeps what is answered."""

    async def tell(message: dict) -> None:
        told.append(message)

    return tell
