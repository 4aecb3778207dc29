"""Requests made up from the OpenAPI document, as everybody: no fault, no way round."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ways_in import test_matrix
from tests.ways_in.test_matrix import ADDRESSES, EVERYBODY, Place

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
    """Whatever is sent, as whomever, is no fault, and succeeds as the matrix says."""
    method, path = address.split()
    operation = schema[path][method]

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(), actor=st.sampled_from(ACTORS))
    def holds(case, actor: str) -> None:
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
