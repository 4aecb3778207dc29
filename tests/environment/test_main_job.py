"""Questions through the real environment: what is charged, given, refused and kept."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Invalid
from privacy.errors import Failed, Refused
from tests.environment.world import (
    CANARY,
    COMMITTEE,
    PEOPLE,
    RESEARCHER,
    STEWARD,
    furnished,
    rows,
    write_source,
)
from tre.environment import Environment
from tre.release import Release

BY_REGION = (
    "SELECT region, COUNT(*) AS n, SUM(pay) AS total FROM people GROUP BY region"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the environment is."""
    return tmp_path_factory.mktemp("environment") / "home"


@pytest.fixture(scope="module")
def environment(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environment]:
    """A furnished environment."""
    with furnished(home, tmp_path_factory.mktemp("sources")) as environment:
        yield environment


def ask(environment: Environment, sql: str = BY_REGION, **how: Any) -> Release:
    """Ask as the project's researcher."""
    return environment.ask(sql, project="pathways", person=RESEARCHER, **how)


def left(environment: Environment) -> float:
    """The project's ρ left."""
    return environment.remaining("pathways", person=RESEARCHER).rho


def test_a_release_has_the_columns_of_the_contract(environment: Environment) -> None:
    """Asked columns in order, with interval and status after each noised one."""
    table = ask(environment, epsilon=1.0).to_arrow()
    assert table.column_names == [
        "region",
        *("n", "n_low", "n_high", "n_status"),
        *("total", "total_low", "total_high", "total_status"),
    ]
    assert [str(kind) for kind in table.schema.types] == [
        "string",
        *("int64", "int64", "int64", "string"),
        *("decimal128(38, 2)",) * 3,
        "string",
    ]
    assert table["region"].to_pylist() == ["north", "south", "west", "east", None]


def test_cells_of_many_are_shown_and_empty_ones_are_not(
    environment: Environment,
) -> None:
    """200 people certify; a public key that nobody has keeps its row, hidden."""
    north, south, west, east, _ = ask(environment, epsilon=3.0).to_arrow().to_pylist()
    assert {row["n_status"] for row in (north, south, west)} == {"ok"}
    assert abs(north["n"] - PEOPLE // 3) < 60
    assert east["n_status"] == "suppressed:frequency"
    assert [east["n"], east["n_low"], east["n_high"]] == [None] * 3


def test_a_question_costs_what_its_release_says(environment: Environment) -> None:
    """The project's budget falls by exactly the ρ of the loss; ε is at most as said."""
    before = left(environment)
    release = ask(environment, epsilon=0.25)
    assert release.charged
    assert release.loss.epsilon <= 0.25
    assert left(environment) == pytest.approx(before - release.loss.rho, abs=1e-12)


def test_an_exact_repeat_is_the_same_release_at_no_cost(
    environment: Environment,
) -> None:
    """However it is written down; a fresh draw is another one, and charged."""
    first = ask(environment, epsilon=0.125)
    before = left(environment)
    again = ask(environment, BY_REGION.replace(", ", " ,\n  "), epsilon=0.125)
    assert (again.id, again.charged) == (first.id, False)
    assert again.to_arrow().equals(first.to_arrow())
    assert again.loss == first.loss
    assert left(environment) == before
    fresh = ask(environment, epsilon=0.125, fresh=True)
    assert fresh.id != first.id
    assert left(environment) < before


def test_other_spending_is_another_question(environment: Environment) -> None:
    """A repeat says the same keyword and number."""
    first = ask(environment, rho=0.001)
    assert ask(environment, rho=0.0011).id != first.id
    assert ask(environment, rho=0.001).id == first.id


def test_a_retry_is_settled_once(environment: Environment) -> None:
    """The same key and question give the release; another question is refused."""
    first = ask(environment, share=0.01, fresh=True, idempotency_key="k1")
    before = left(environment)
    retried = ask(environment, share=0.01, fresh=True, idempotency_key="k1")
    assert (retried.id, retried.charged) == (first.id, False)
    with pytest.raises(Refused) as refusal:
        ask(environment, "SELECT COUNT(*) FROM people", idempotency_key="k1")
    assert refusal.value.code == "idempotency_conflict"
    assert left(environment) == before


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        ("not_a_question", "SELECT * FROM people"),
        ("unbounded", "SELECT SUM(surname) FROM people"),
        ("unknown_table", "SELECT COUNT(*) FROM persons"),
        ("syntax", "SELECT COUNT(* FROM people"),
        ("not_public_key", "SELECT pay, COUNT(*) FROM people GROUP BY pay"),
    ],
)
def test_a_refusal_costs_nothing(environment: Environment, code: str, sql: str) -> None:
    """It comes with a code, before any data is read."""
    before = left(environment)
    with pytest.raises(Refused) as refusal:
        ask(environment, sql, epsilon=0.1)
    if code != "unbounded":
        assert refusal.value.code == code
    assert refusal.value.message
    assert left(environment) == before


def test_more_than_there_is_is_refused(environment: Environment) -> None:
    """An empty budget is a refusal that says what is left."""
    before = left(environment)
    with pytest.raises(Refused) as refusal:
        ask(environment, epsilon=1_000.0)
    assert refusal.value.code == "budget_exhausted"
    assert refusal.value.suggestion
    assert left(environment) == before


@pytest.mark.parametrize(
    "spend",
    [
        {"epsilon": 1, "rho": 1},
        {"epsilon": 0},
        {"epsilon": -1},
        {"epsilon": float("nan")},
        {"epsilon": float("inf")},
        {"share": 1.5},
        {"epsilon": "1"},
        {"epsilon": True},
        {"margin": 0},
        {"epsilon": 10**400},
        {"epsilon": Decimal("sNaN")},
        {"rho": Decimal("1." + "1" * 5_000)},
        {"share": Fraction(1, 10**5_000)},
        {"margin": Decimal("1e999999999")},
    ],
)
def test_spending_that_means_nothing_is_refused(
    environment: Environment, spend: dict[str, Any]
) -> None:
    """Exactly one positive, finite number says what to spend."""
    with pytest.raises(Refused) as refusal:
        ask(environment, **spend)
    assert refusal.value.code == "spending"


def test_a_margin_is_kept(environment: Environment) -> None:
    """The 95% half-width of every noised column is at most what was asked."""
    release = ask(environment, "SELECT COUNT(*) AS n FROM people", margin=25)
    (row,) = release.to_arrow().to_pylist()
    assert row["n_high"] - row["n"] <= 25
    with pytest.raises(Refused) as refusal:
        ask(environment, "SELECT AVG(age) FROM people", margin=1)
    assert refusal.value.code == "margin_depends_on_data"


def test_a_dead_enclave_fails_the_question_and_charges_it(
    environment: Environment,
) -> None:
    """The failure has no words of its own, and the next question is answered."""
    ask(environment, epsilon=0.05, fresh=True)
    os.kill(environment._parts.gate.enclave._idle[-1].pid, signal.SIGSTOP)
    before = left(environment)
    with pytest.raises(Failed) as failure:
        ask(environment, epsilon=0.05, fresh=True)
    assert str(failure.value) == Failed.message
    assert left(environment) < before
    assert ask(environment, epsilon=0.05, fresh=True).charged


def test_explaining_is_free_and_agrees_with_the_price(
    environment: Environment,
) -> None:
    """What is explained is what is charged."""
    before = left(environment)
    explained = environment.explain(
        BY_REGION, project="pathways", person=RESEARCHER, rho=0.002
    )
    assert left(environment) == before
    assert ask(environment, rho=0.002).loss == explained.loss


def test_only_researchers_of_an_active_project_ask(environment: Environment) -> None:
    """Nobody else, whatever else they may do."""
    for person in (STEWARD, COMMITTEE, "administrator", "nobody"):
        with pytest.raises(Refused) as refusal:
            environment.ask(BY_REGION, project="pathways", person=person)
        assert refusal.value.code == "not_permitted"
    with pytest.raises(Refused) as refusal:
        environment.ask(BY_REGION, project="none", person=RESEARCHER)
    assert refusal.value.code == "unknown_project"


def test_nobody_is_not_the_operator(environment: Environment) -> None:
    """Only where no person is said at all does the operator act."""
    with pytest.raises(Refused) as refusal:
        environment.add_person("friend", roles=["committee"], person="")
    assert refusal.value.code == "not_permitted"


def test_no_canary_is_anywhere(
    environment: Environment, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in a file, answer, receipt, record, message or printed form."""
    said: list[object] = []
    for sql in (
        "SELECT COUNT(*) AS n, AVG(pay) AS pay FROM people",
        "SELECT COUNT(*) FROM people WHERE employer LIKE 'Z%'",
        "SELECT employer FROM people",
        "SELECT surname, COUNT(*) FROM people GROUP BY surname",
        "SELECT MAX(notes) FROM people",
        "SELECT CAST(employer AS INTEGER) FROM people",
    ):
        try:
            release = ask(environment, sql, epsilon=0.01, fresh=True)
            said += [release, release.to_arrow().to_pylist(), dict(release.receipt)]
        except Refused as refusal:
            said += [refusal.message, refusal.suggestion, refusal.__context__]
    said += [environment, environment._parts, environment.datasets()]
    said += [environment.verify_audit(), environment.checkpoint()]
    said += capfd.readouterr()
    assert CANARY not in repr(said)
    assert "4711.25" not in repr(said)
    seen = 0
    for file in home.rglob("*"):
        if file.is_file():
            seen += 1
            assert CANARY.encode() not in file.read_bytes(), file.name
    assert seen > 5


def test_the_log_is_sound_and_a_receipt_is_in_it(environment: Environment) -> None:
    """Every record verifies, against an earlier checkpoint too."""
    checkpoint = environment.checkpoint()
    release = ask(environment, epsilon=0.02, fresh=True)
    assert environment.verify_audit(checkpoint).sound
    assert release.receipt["log"]["record"]["kind"] == "question.released"
    told = json.dumps(release.receipt)
    assert "discrete Gaussian" in told


def test_a_release_is_there_for_its_researchers_alone(
    environment: Environment,
) -> None:
    """By its id, the same and uncharged; for others there is no such release."""
    release = ask(environment, epsilon=0.03)
    same = environment.release(release.id, person=RESEARCHER)
    assert same.to_arrow().equals(release.to_arrow())
    assert not same.charged
    for person, id_ in ((STEWARD, release.id), (RESEARCHER, "0" * 20)):
        with pytest.raises(Refused) as refusal:
            environment.release(id_, person=person)
        assert refusal.value.code == "unknown_release"


def test_suspension_stops_the_next_question(tmp_path: Path) -> None:
    """A steward of the data stops it at once; a repeat is refused as well."""
    with furnished(tmp_path / "home", tmp_path) as environment:
        ask(environment, epsilon=0.5)
        environment.suspend("pathways", reason="A complaint.", person=STEWARD)
        with pytest.raises(Refused) as refusal:
            ask(environment, epsilon=0.5)
        assert refusal.value.code == "project_not_active"


def test_a_new_version_is_asked_and_refills_nothing(tmp_path: Path) -> None:
    """What is spent stays spent, and a repeat on new data is a new question."""
    with furnished(tmp_path / "home", tmp_path) as environment:
        first = ask(environment, "SELECT COUNT(*) AS n FROM people", epsilon=1.0)
        before = left(environment)
        manifest = write_source(tmp_path, rows().slice(0, 150))
        environment.onboard(manifest, person=STEWARD)
        assert left(environment) == before
        second = ask(environment, "SELECT COUNT(*) AS n FROM people", epsilon=1.0)
        assert second.id != first.id
        assert abs(second.to_arrow()["n"][0].as_py() - 150) < 80


def test_an_environment_is_found_again(tmp_path: Path) -> None:
    """Closed and opened, it has the same releases, budget and log."""
    with furnished(tmp_path / "home", tmp_path) as environment:
        first = ask(environment, epsilon=0.5)
        before = left(environment)
    with Environment.open(tmp_path / "home") as environment:
        assert left(environment) == before
        assert ask(environment, epsilon=0.5).id == first.id
        assert environment.verify_audit().sound
    with pytest.raises(Invalid):
        Environment.create(tmp_path / "home")
    with pytest.raises(Invalid):
        Environment.open(tmp_path / "elsewhere")
