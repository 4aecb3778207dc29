"""Where people are sent, and whom the server answers to, no request can say."""

import asyncio
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from connectors.errors import Invalid
from tests.ways_in.conftest import Said, Served, serving
from tre.environment import OPERATOR
from tre.gateway.address import PublicAddress
from tre.gateway.app import create_app
from tre.identity.issuer import Addresses, Issuer
from tre.identity.providers import Provider

OURS = "https://tre.example.org"
EVIL = "evil.example"
LYING = [
    {"Host": EVIL},
    {"Host": f"tre.example.org.{EVIL}"},
    {"Host": f"tre.example.org@{EVIL}"},
    {"Host": f"{EVIL}:443"},
    {"Host": "tre.example.org/x"},
    {"Host": "tre.example.org:99999999"},
    {"Host": ""},
    {"Host": "[::1"},
    {"Host": "10.0.0.1"},
]
BELIEVED_BY_NOBODY = [
    {"X-Forwarded-Host": EVIL},
    {"Forwarded": f"host={EVIL};proto=http"},
    {"X-Original-Host": EVIL},
    {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "1"},
    {"X-Forwarded-Prefix": f"//{EVIL}"},
]


@pytest.fixture(scope="module")
def request_to(served: Served) -> Iterator[Callable[..., httpx.Response]]:
    """The application at an address of its own; sends it one request."""
    app = create_app(served.environment, address=PublicAddress(OURS))
    transport = httpx.ASGITransport(app)
    client = httpx.AsyncClient(transport=transport, base_url=OURS)
    with asyncio.Runner() as runner:
        yield lambda path, **more: runner.run(client.get(path, **more))


@pytest.mark.parametrize("headers", LYING)
def test_no_other_name_is_answered_to(
    request_to: Callable[..., httpx.Response], headers: dict[str, str]
) -> None:
    """Whatever name leads here, only our own, or this machine's, gets an answer."""
    answer = request_to("/v1/register", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (421, "misdirected")
    assert EVIL not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    "host", ["tre.example.org", "TRE.example.org:443", "localhost:1", "[::1]:8000"]
)
def test_our_own_names_are_answered_to(
    request_to: Callable[..., httpx.Response], host: str
) -> None:
    """Case and port of the name do not matter."""
    answer = request_to("/v1/catalogue", headers={"Host": host})
    assert answer.status_code == 200
    assert OURS in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_ask_by_any_name(
    request_to: Callable[..., httpx.Response], path: str
) -> None:
    """What watches the server knows it by its number."""
    answer = request_to(path, headers={"Host": "10.0.0.1:8000"})
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", BELIEVED_BY_NOBODY)
def test_a_redirect_comes_back_to_our_address(
    served: Served,
    request_to: Callable[..., httpx.Response],
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
) -> None:
    """What the provider is told, and links of the catalogue, follow no header."""
    described = Provider("https://id.example.org", "c", "a", by_email=False)
    places = Addresses("https://id.example.org/a", "", "", None)
    monkeypatch.setattr(Issuer, "keys", lambda *_, **__: None)
    monkeypatch.setattr(Issuer, "addresses", lambda _: places)
    served.environment.identity.set_provider(described, by=OPERATOR)
    try:
        sent = request_to("/v1/sign-in", headers=headers).headers["location"]
    finally:
        served.environment.identity.remove_provider(by=OPERATOR)
    query = parse_qs(urlsplit(sent).query)
    assert query["redirect_uri"] == [f"{OURS}/v1/sign-in/back"]
    catalogue = request_to("/v1/catalogue", headers=headers).text
    assert OURS in catalogue
    assert EVIL not in catalogue


def test_without_an_address_it_is_this_machines_alone(served: Served) -> None:
    """Links then begin with the socket; a name that was made to lead here is none."""
    with served.http(None) as http:
        assert served.url in http.get("/v1/catalogue").text
        headers = {"Host": EVIL}
        assert http.get("/v1/catalogue", headers=headers).status_code == 421


def test_a_server_of_an_address_is_met_there(served: Served) -> None:
    """Over a real socket, too: its own name, and no other."""
    address = PublicAddress.read(f"{OURS}/")
    with serving(served.environment, address=address) as url:
        for host, status in (("tre.example.org", 200), (EVIL, 421)):
            answer = httpx.get(
                f"{url}/v1/catalogue", headers={"Host": host}, timeout=60
            )
            assert answer.status_code == status


@pytest.mark.parametrize(
    "said",
    [
        "tre.example.org",
        "http://tre.example.org",
        "https://tre.example.org/path",
        "https://tre.example.org?x=1",
        "https://user@tre.example.org",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_address_is_an_origin_over_tls(said: str) -> None:
    """Anything but that, or this machine itself, is invalid."""
    with pytest.raises(Invalid, match="expected https://HOST"):
        PublicAddress.read(said)


def test_beyond_this_machine_it_needs_an_address(tre: Callable[..., Said]) -> None:
    """Wrong usage, and named, before anything is opened."""
    said = tre("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - refused
    assert said.status == 2
    assert "--address" in said.err
    assert tre("serve", "--address", "http://evil.example").status == 1
