"""Signing in over HTTP: cookies, the pages' own token, uses of tokens."""

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from fastapi import Response

from tests.ways_in.conftest import Served
from tests.ways_in.test_gateway import assert_problem
from tests.ways_in.world import MEMBER, RESEARCHER
from tre.audit.act import acting
from tre.environment import OPERATOR
from tre.gateway.asking import PAGE_TOKEN, SESSION_COOKIE
from tre.gateway.routes.identity import replace_session
from tre.governance.scopes import EVERY_USE, USUAL, Scope
from tre.identity.sessions import open_session

EXPLAIN = "/v1/projects/pay/explain"
COUNT = {"sql": "SELECT COUNT(*) AS n FROM people"}
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def session(served: Served) -> dict[str, str]:
    """The headers that a page of the researcher's session sends."""
    invitation = served.environment.identity.invite(RESEARCHER, by=OPERATOR).secret
    with served.http(None) as http:
        said = {"invitation": invitation}
        found = http.post("/v1/enrolment", json=said).json()
        assert found["person"] == RESEARCHER
        secret = parse_qs(urlsplit(found["authenticator"]).query)["secret"][0]
        totp, now = pyotp.TOTP(secret), served.environment.identity.clock()
        chosen = {"password": PASSWORD, "code": totp.at(now)}
        accepted = http.post("/v1/enrolment/accept", json=said | chosen)
        assert (accepted.status_code, accepted.content) == (204, b"")
        following = totp.at(now + timedelta(seconds=30))  # it counts a step early, too
        shown = {"person": RESEARCHER, "password": PASSWORD, "code": following}
        opened = http.post("/v1/session", json=shown)
        assert opened.status_code == 201
    (cookie,) = opened.headers.get_list("set-cookie")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert attributes == {"path=/", "secure", "httponly", "samesite=lax"}
    value = cookie.split(";")[0]
    assert value.startswith(f"{SESSION_COOKIE}=")
    return {"Cookie": value, PAGE_TOKEN: opened.json()["csrf"]}


@pytest.fixture
def page(served: Served, session: dict[str, str]) -> httpx.Client:
    """A page of the researcher's session."""
    return httpx.Client(base_url=served.url, headers=session, timeout=60)


def test_a_session_asks_for_its_person(page: httpx.Client) -> None:
    """Reading and changing work with the cookie and the page's token."""
    with page:
        me = page.get("/v1/me").json()
        assert (me["person"], me["means"]) == (RESEARCHER, "session")
        assert me["csrf"] == page.headers[PAGE_TOKEN]
        assert page.post(EXPLAIN, json=COUNT).status_code == 200


@pytest.mark.parametrize("said", [None, "", "x", "0" * 64])
def test_other_sites_change_nothing(
    served: Served, session: dict[str, str], said: str | None
) -> None:
    """With the cookie alone, which browsers send by themselves, changes are refused."""
    headers = {"Cookie": session["Cookie"]} | ({PAGE_TOKEN: said} if said else {})
    with served.http(None) as http:
        for method, path in [
            ("POST", EXPLAIN),
            ("POST", "/v1/projects/pay/queries"),
            ("POST", "/v1/datasets"),
            ("POST", "/v1/tokens"),
            ("DELETE", "/v1/tokens/x"),
            ("POST", "/v1/session/end"),
        ]:
            body = None if method == "DELETE" else COUNT
            answer = http.request(method, path, json=body, headers=headers)
            assert_problem(answer, 403, "forged_request")
        assert http.get("/v1/me", headers=headers).status_code == 200


def test_a_wrong_cookie_opens_nothing(served: Served) -> None:
    """Neither a made-up cookie nor one of another name is a session."""
    with served.http(None) as http:
        for cookie in (f"{SESSION_COOKIE}=x", f"{SESSION_COOKIE}=", "tre=x"):
            answer = http.get("/v1/me", headers={"Cookie": cookie})
            assert_problem(answer, 401, "not_authenticated")


def test_a_token_is_made_listed_and_ended(served: Served, page: httpx.Client) -> None:
    """A person makes tokens for few uses and a short time, and ends them."""
    with page, served.http(None) as http:
        made = page.post("/v1/tokens", json={"hours": 1, "scopes": ["read"]})
        assert made.status_code == 201
        token = made.json()
        bearer = {"Authorization": f"Bearer {token['token']}"}
        assert http.get("/v1/datasets", headers=bearer).status_code == 200
        answer = http.post(EXPLAIN, json=COUNT, headers=bearer)
        assert_problem(answer, 403, "not_in_scope")
        listed = page.get("/v1/tokens").json()
        assert token["id"] in {each["id"] for each in listed}
        assert token["token"].split("_", 2)[2] not in str(listed)
        assert page.delete(f"/v1/tokens/{token['id']}").status_code == 204
        answer = http.get("/v1/datasets", headers=bearer)
        assert_problem(answer, 401, "not_authenticated")


@pytest.mark.parametrize("scopes", [USUAL, EVERY_USE, frozenset({Scope.ACCOUNT})])
def test_tokens_make_no_tokens(served: Served, scopes: frozenset[Scope]) -> None:
    """A token that leaked is not made to last, nor to be for more uses: by none."""
    identity = served.environment.identity
    token = identity.issue_token(RESEARCHER, by=OPERATOR, scopes=scopes).secret
    with served.http(None) as http:
        bearer = {"Authorization": f"Bearer {token}"}
        for wish in (["account"], ["ask"], ["ask", "account", "publish", "read"]):
            said = {"hours": 1, "scopes": wish}
            answer = http.post("/v1/tokens", json=said, headers=bearer)
            assert_problem(answer, 403, "not_in_scope")


def test_a_new_session_ends_the_browsers_last(served: Served) -> None:
    """Whatever cookie a browser was given before signing in is worth nothing after."""
    identity = served.environment.identity
    with acting(identity.control, MEMBER, identity.clock()) as act:
        planted = open_session(act).secret
    with acting(identity.control, RESEARCHER, identity.clock()) as act:
        opened = open_session(act)
    response = Response()
    replace_session(served.environment, response, planted, opened)
    assert opened.secret in response.headers["set-cookie"]
    assert planted not in response.headers["set-cookie"]
    with served.http(None) as http:
        for secret, status in ((planted, 401), (opened.secret, 200)):
            headers = {"Cookie": f"{SESSION_COOKIE}={secret}"}
            assert http.get("/v1/me", headers=headers).status_code == status


@pytest.mark.parametrize("said", [b"\xff", b"\xe9" * 64, b"a" * 60_000])
def test_a_page_token_of_any_bytes_is_refused(
    served: Served, session: dict[str, str], said: bytes
) -> None:
    """What is no text is no fault of the server's either."""
    with served.http(None) as http:
        named = [(b"Cookie", session["Cookie"].encode()), (PAGE_TOKEN.encode(), said)]
        answer = http.post(EXPLAIN, json=COUNT, headers=named)
        assert_problem(answer, 403, "forged_request")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_another_sites_form_signs_nobody_in(served: Served, kind: str) -> None:
    """A form can send JSON as text: it is not read, and signs nobody in."""
    said = {"person": RESEARCHER, "password": PASSWORD, "code": "123456"}
    with served.http(None) as http:
        for headers in ({"Content-Type": kind}, {}):
            content = json.dumps(said).encode()
            answer = http.post("/v1/session", content=content, headers=headers)
            assert_problem(answer, 400, "invalid_request")
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"hours": 0}, 400, "invalid_request"),
        ({"hours": 24 * 91}, 400, "invalid_request"),
        ({"hours": "1"}, 400, "invalid_request"),
        ({"scopes": []}, 400, "invalid_request"),
        ({"scopes": ["everything"]}, 422, "invalid_token"),
        ({"person": MEMBER}, 400, "invalid_request"),
    ],
)
def test_a_token_has_uses_and_an_end(
    page: httpx.Client, body: dict, status: int, code: str
) -> None:
    """Longer, other and others' tokens are refused by name."""
    with page:
        assert_problem(page.post("/v1/tokens", json=body), status, code)


def test_others_tokens_are_not_ended(served: Served, page: httpx.Client) -> None:
    """A person ends their own tokens and nobody else's."""
    other = served.tokens[MEMBER].split("_")[1]
    with page:
        answer = page.delete(f"/v1/tokens/{other}")
        assert_problem(answer, 404, "unknown_token")


def test_wrong_credentials_are_not_repeated_back(served: Served) -> None:
    """A refused sign-in or enrolment says nothing of what was said."""
    with served.http(None) as http:
        said = {"person": RESEARCHER, "password": "a wrong password", "code": "123456"}
        answers = [
            http.post("/v1/session", json=said),
            http.post("/v1/session", json=said | {"password": 1}),
            http.post("/v1/enrolment", json={"invitation": "a wrong password"}),
        ]
    assert [each.status_code for each in answers] == [401, 400, 422]
    assert "a wrong password" not in "".join(each.text for each in answers)


def test_without_a_provider_nobody_is_sent_away(served: Served) -> None:
    """Sign-in by a provider is not there until it is set up."""
    with served.http(None) as http:
        assert_problem(http.get("/v1/sign-in"), 404, "no_provider")
        assert_problem(http.get("/v1/sign-in/back"), 404, "no_provider")
        jwt = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
        answer = http.get("/v1/me", headers=jwt)
        assert_problem(answer, 401, "not_authenticated")
