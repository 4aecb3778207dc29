"""Over HTTP the same releases and refusals as in Python."""

import socket
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.ways_in.conftest import Served
from tests.ways_in.world import (
    PEOPLE,
    REGIONS,
    RESEARCHER,
    STEWARD,
    package,
    write_dataset,
)
from tre.client import Client
from tre.release import content_of

PAY = (
    "SELECT region, COUNT(*) AS n, SUM(pay) AS s, AVG(pay) AS m FROM people GROUP BY 1"
)

COLUMNS = ["region", "born", "pay"]
UNKNOWN = "tre_0_0"


def test_a_release_is_the_same_release(served: Served, client: Client) -> None:
    """Types, values, loss and receipt arrive as the environment has them."""
    over_http = client.ask(PAY, project="pay", epsilon=2.0)
    at_home = served.environment.release(over_http.id, person=RESEARCHER)
    assert over_http.charged
    assert over_http.to_arrow().equals(at_home.to_arrow())
    assert over_http.loss == at_home.loss
    assert over_http.receipt == at_home.receipt
    assert client.release(over_http.id) == at_home


def test_a_receipt_fits_the_table_that_arrived(client: Client) -> None:
    """The digest that was signed is that of the table as the reader has it."""
    release = client.ask(PAY, project="pay", epsilon=1.5)
    content = content_of(release.to_arrow())
    assert sha256(content.data).hexdigest() == release.receipt["content"]["sha256"]
    assert content.media_type == release.receipt["content"]["media_type"]


def test_spending_is_said_in_one_of_four_ways(client: Client) -> None:
    """ε, ρ, a margin or a share are charged alike; two at once are refused."""
    sql = "SELECT COUNT(*) AS n FROM people"
    for spending in ({"epsilon": 0.3}, {"rho": 1e-3}, {"margin": 40}, {"share": 1e-3}):
        before = client.budget("pay").rho
        release = client.ask(sql, project="pay", **spending)
        left = client.budget("pay").rho
        assert before - left == pytest.approx(release.loss.rho, abs=2e-9)
    with pytest.raises(Refused) as refused:
        client.ask(sql, project="pay", epsilon=0.1, rho=0.1)
    assert refused.value.code == "spending"


@pytest.mark.slow
def test_synthetic_rows_are_made_where_they_are_asked_from(
    served: Served, client: Client
) -> None:
    """The questions are the environment's own, paid there; the rows are made here."""
    explained = served.environment.explain_synthesis(
        "people", COLUMNS[:2], project="pay", person=RESEARCHER, epsilon=1.0
    )
    asked = partial(client.synthesise, "people", project="pay", epsilon=1.0)
    made = asked(COLUMNS[:2], rows=100)
    assert made.questions == tuple(each.sql for each in explained.questions)
    assert made.charged
    assert made.table.num_rows == 100
    assert set(made.table["region"].to_pylist()) <= {*REGIONS, None}
    assert not asked(COLUMNS[:2]).charged
    with pytest.raises(Refused) as refused:
        asked(["region", "shoe"])
    assert refused.value.code == "unknown_column"


def test_several_questions_are_paid_together_over_http(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its part of one price; what one of them may not ask is refused first."""
    monkeypatch.setattr("tre.synthesis.asked.MOST_SET_KEYS", 2)
    before = client.budget("pay")
    made = client.synthesise("people", COLUMNS, project="pay", epsilon=1.0, rows=10)
    assert len(made.questions) == 6  # each pair, and each that matters again
    assert before.rho - client.budget("pay").rho == pytest.approx(
        made.loss.rho, abs=4e-9
    )
    assert 0.9 < made.loss.epsilon <= 1.0
    with pytest.raises(Refused) as unsaid:
        client.synthesise("people", COLUMNS, project="pay", share=0.01)
    assert unsaid.value.code == "spending"
    with pytest.raises(Refused) as poor:
        client.synthesise("people", COLUMNS, project="pay", epsilon=1e6)
    assert poor.value.code == "budget_exhausted"


def test_a_retry_returns_the_first_outcome(client: Client) -> None:
    """Under one idempotency key a question is charged once."""
    sql = "SELECT COUNT(*) AS n FROM people"
    releases = [
        client.ask(sql, project="pay", epsilon=0.2, fresh=True, idempotency_key="first")
        for _ in range(2)
    ]
    assert releases[0].id == releases[1].id
    assert [release.charged for release in releases] == [True, False]


def test_a_refusal_is_the_same_refusal(served: Served, client: Client) -> None:
    """Code, message, clause and suggestion arrive as they were raised."""
    sql = "SELECT SUM(pai) AS s FROM people"
    with pytest.raises(Refused) as over_http:
        client.ask(sql, project="pay")
    with pytest.raises(Refused) as at_home:
        served.environment.ask(sql, project="pay", person=RESEARCHER)
    assert vars(over_http.value) == vars(at_home.value)


def test_names_do_not_leave_their_place_in_the_path(client: Client) -> None:
    """A project's name is one segment of the address, whatever is in it."""
    with pytest.raises(Refused) as refused:
        client.budget("pay/budget?x=../../v1/datasets#")
    assert refused.value.code in {"unknown_project", "not_found"}


def test_an_explanation_and_the_catalogue_are_plain_values(client: Client) -> None:
    """What is public arrives as JSON has it."""
    assert client.explain(PAY, project="pay", epsilon=0.5)
    batch = client.explain_batch([PAY, PAY], project="pay", parts=[1, 2], epsilon=0.5)
    assert len(batch["questions"]) == 2
    assert client.dataset("people") in client.datasets()
    assert client.checkpoint()["size"] > 0


def test_a_bad_manifest_is_invalid(served: Served) -> None:
    """The path and the rule arrive as they were raised."""
    with (
        Client(served.url, token=served.tokens[STEWARD]) as steward,
        pytest.raises(Invalid) as wrong,
    ):
        steward.onboard(package() | {"nonsense": 1})
    assert wrong.value.path == "nonsense"


def test_a_dataset_is_published_from_the_inbox(served: Served) -> None:
    """A steward's manifest makes a new version; its counts come back."""
    write_dataset(served.own_inbox)
    with Client(served.url, token=served.tokens[STEWARD]) as steward:
        publication = steward.onboard(package() | {"version": "2"})
    assert publication["version"] == "2"
    assert publication["counts"][0]["published"] == PEOPLE


def test_a_wrong_token_is_refused(served: Served) -> None:
    """Nobody is let in by a token that was never issued."""
    with Client(served.url, token=UNKNOWN) as nobody, pytest.raises(Refused) as out:
        nobody.datasets()
    assert out.value.code == "not_authenticated"


def test_another_kind_of_server_is_a_connection_error() -> None:
    """What does not answer as a `tre` does is neither a refusal nor an answer."""
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other,
        Client(f"http://127.0.0.1:{other.server_port}", token=UNKNOWN) as lost,
    ):
        Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(ConnectionError, match="not as a `tre` does"):
            lost.datasets()
        other.shutdown()


def test_a_server_that_is_not_there_is_a_connection_error() -> None:
    """Nothing at the other end is said as such, and is not a refusal."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody else takes the port meanwhile
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            Client(url, token=UNKNOWN) as lost,
            pytest.raises(ConnectionError, match="did not answer"),
        ):
            lost.datasets()
