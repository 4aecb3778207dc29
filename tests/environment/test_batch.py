"""A list of questions, explained at one split before any is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pytest

from privacy.errors import Refused
from tests.environment.world import package, rows
from tests.language.test_spec import rewritten
from tre.lab import Lab

BY_REGION = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"
PAY = "SELECT SUM(pay) AS total FROM people"
WRONG = "SELECT age FROM people"
SAID: list[Mapping[str, Any]] = [{"epsilon": 2.0}, {"rho": 0.1}, {"share": 0.2}]


@pytest.fixture(scope="module")
def tables() -> Mapping[str, pa.Table]:
    """People, one row each."""
    return {"people": rows()}


@pytest.fixture(scope="module", params=["zcdp", "pure"])
def lab(request: pytest.FixtureRequest, tables) -> Iterator[Lab]:
    """A laboratory under each measure."""
    with Lab(tables, package(), epsilon=10.0, measure=request.param) as made:
        yield made


def said_of(lab: Lab, said: Mapping[str, Any]) -> Mapping[str, Any]:
    """The spending, or another where the measure has no ρ to say."""
    pure = lab.remaining().delta == 0
    return {"epsilon": 0.5} if pure and "rho" in said else said


@pytest.mark.parametrize("said", SAID)
def test_a_batch_costs_what_is_said_together(lab: Lab, said) -> None:
    """Two questions at one part to three cost, in all, what one alone would."""
    said = said_of(lab, said)
    batch = lab.explain_batch([BY_REGION, PAY], parts=[1, 3], **said)
    alone = lab.explain(BY_REGION, **said)
    assert batch.loss.rho == pytest.approx(
        alone.loss.rho if lab.remaining().delta else batch.loss.epsilon**2 / 2, rel=1e-4
    )
    assert batch.loss.epsilon == pytest.approx(alone.loss.epsilon, rel=1e-4)
    first, other = (each.explanation for each in batch.questions)
    assert first is not None
    assert other is not None
    if lab.remaining().delta:
        assert other.loss.rho == pytest.approx(3 * first.loss.rho, rel=1e-4)
    else:
        assert other.loss.epsilon == pytest.approx(3 * first.loss.epsilon, rel=1e-4)
    assert batch.affordable


def test_what_is_told_is_what_asking_gives(lab: Lab) -> None:
    """Each question, asked with the words it was given, has the margin it was told."""
    batch = lab.explain_batch([BY_REGION, PAY], epsilon=1.0)
    before = lab.remaining()
    assert batch.left == before
    for drafted in batch.questions:
        keyword, amount = drafted.spending.split("=")
        explained = lab.explain(drafted.sql, **{keyword: float(amount)})
        assert drafted.explanation is not None
        assert explained.columns == drafted.explanation.columns
        assert explained.loss == drafted.explanation.loss
    assert lab.remaining() == before


def test_half_the_error_of_all_is_told(lab: Lab) -> None:
    """It costs four times ρ, or twice ε, for the list as for one question."""
    batch = lab.explain_batch([BY_REGION, PAY], epsilon=1.0)
    if lab.remaining().delta:
        assert batch.half_error.rho == pytest.approx(4 * batch.loss.rho, rel=1e-6)
    else:
        assert batch.half_error.epsilon == pytest.approx(2 * batch.loss.epsilon)
    assert "half the error of each" in batch.words[-1]


def test_a_refused_question_is_told_in_its_place(lab: Lab) -> None:
    """The others are explained all the same, and its part is not spent."""
    batch = lab.explain_batch([BY_REGION, WRONG], epsilon=1.0)
    first, other = batch.questions
    assert first.explanation is not None
    assert other.explanation is None
    assert other.refusal is not None
    assert batch.loss.epsilon < 1
    assert any("Refused" in line for line in batch.words)


BROKEN = [
    WRONG,
    "SELECT SUM(payy) AS total FROM people",
    "SELECT region, COUNT(*) FROM people GROUP BY region QUALIFY COUNT(*) > 1",
    "SELECT COUNT(*) FROM (SELECT * FROM people LIMIT 3) AS p",
]


@pytest.mark.parametrize("sql", BROKEN)
def test_a_refused_question_is_taught_as_when_asked_alone(lab: Lab, sql: str) -> None:
    """Place and rewrite are the same, they are in the words, and the rewrite passes."""
    (drafted,) = lab.explain_batch([sql], epsilon=1.0).questions
    with pytest.raises(Refused) as alone:
        lab.explain(sql, epsilon=1.0)
    told = drafted.refusal
    assert told is not None
    for name in ("code", "message", "clause", "suggestion", "position"):
        assert getattr(told, name) == getattr(alone.value, name)
    better = rewritten(sql, told)
    words = lab.explain_batch([sql], epsilon=1.0).words
    assert any(told.suggestion in line for line in words)
    again = lab.explain_batch([better], epsilon=1.0).questions[0]
    assert again.refusal is None, better


def test_a_margin_is_each_questions_own(lab: Lab) -> None:
    """The whole is the sum of what the margins cost."""
    batch = lab.explain_batch([BY_REGION, "SELECT COUNT(*) FROM people"], margin=50)
    for drafted in batch.questions:
        assert drafted.explanation is not None
        (column,) = drafted.explanation.columns
        assert column.margin is not None
        assert 49 <= column.margin <= 50
    with pytest.raises(Refused, match="margin of its own"):
        lab.explain_batch([BY_REGION], parts=[1], margin=50)


def test_what_repeats_a_release_costs_nothing(lab: Lab) -> None:
    """It is said, alone and in a list, and only the rest has to be paid."""
    (first, _) = lab.explain_batch([BY_REGION, PAY], epsilon=1.0).questions
    keyword, amount = first.spending.split("=")
    own: dict[str, Any] = {keyword: float(amount)}
    assert not lab.explain(BY_REGION, **own).repeats
    release = lab.ask(BY_REGION, **own)
    told = lab.explain(BY_REGION, **own)
    assert told.repeats == release.id
    assert any(f"Release {release.id} answers" in line for line in told.words)
    batch = lab.explain_batch([BY_REGION, PAY], epsilon=1.0)
    one, other = (each.explanation for each in batch.questions)
    assert one is not None
    assert other is not None
    assert (one.repeats, other.repeats) == (release.id, "")
    assert batch.charge.epsilon == pytest.approx(other.loss.epsilon, rel=1e-6)
    assert batch.charge.rho < batch.loss.rho
    assert "would be charged" in batch.words[-1]


@pytest.mark.parametrize("measure", ["zcdp", "pure"])
def test_a_share_is_explained_as_it_was_paid(tables, measure: str) -> None:
    """Where all was spent on it hardly anything is left to take the share of."""
    with Lab(tables, package(), epsilon=1.0, measure=measure) as lab:
        release = lab.ask(PAY, share=1)
        told = lab.explain(PAY, share=1)
        assert told.left is not None
        assert told.left.rho < told.loss.rho / 1_000
        assert told.loss.rho == pytest.approx(release.loss.rho, rel=1e-6)
        assert told.affordable
        assert told.repeats == lab.ask(PAY, share=1).id == release.id


def test_what_cannot_be_paid_for_is_said(lab: Lab) -> None:
    """A list that is dearer than what is left is explained, and said to be."""
    batch = lab.explain_batch([BY_REGION, PAY], epsilon=1_000)
    assert not batch.affordable
    assert batch.words[-1] == "The project cannot pay for all of them."


@pytest.mark.parametrize("parts", [[1], [1, 0], [1, -1], [1, float("nan")], [1, 1, 1]])
def test_parts_are_one_positive_number_a_question(lab: Lab, parts) -> None:
    """Anything else is refused, and nothing is explained."""
    with pytest.raises(Refused) as refusal:
        lab.explain_batch([BY_REGION, PAY], parts=parts, epsilon=1.0)
    assert refusal.value.code == "spending"
    with pytest.raises(Refused, match="1 to 200"):
        lab.explain_batch([], epsilon=1.0)
