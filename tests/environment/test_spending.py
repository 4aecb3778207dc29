"""What to spend is said in four ways; what cannot be spent is told what could be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from privacy.errors import Refused
from tests.environment.world import package, rows
from tre.lab import Lab

COUNTS = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"
PAY = "SELECT SUM(pay) AS total FROM people"
MEAN = "SELECT AVG(pay) AS pay FROM people"
NOT_TO_BE_SPENT: list[Mapping[str, Any]] = [
    *({"epsilon": each} for each in (0, -1, 1e-12, 1e12, float("nan"), "much")),
    *({"share": each} for each in (0, -0.1, 1e-12, 1.5, 50, 150)),
    *({"margin": each} for each in (0, -50, 1e19, True)),
    *({"rho": each} for each in (0, 1e-12, 1e12)),
]


@pytest.fixture(scope="module", params=["zcdp", "pure"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A laboratory under each measure, with little to spend."""
    with Lab({"people": rows()}, package(), epsilon=2.0, measure=request.param) as made:
        yield made


def keywords(suggestion: str) -> Mapping[str, float]:
    """A suggestion, as it is said."""
    intent, _, amount = suggestion.rpartition(" ")[2].rstrip(".").partition("=")
    return {intent: float(amount)}


@pytest.mark.parametrize("said", NOT_TO_BE_SPENT, ids=str)
@pytest.mark.parametrize("sql", [COUNTS, PAY])
def test_amounts_that_cannot_be_spent_teach_one_that_can(lab: Lab, said, sql) -> None:
    """Each is refused, for one question as for a list, and what is suggested passes."""
    with pytest.raises(Refused) as refusal:
        lab.explain(sql, **said)
    with pytest.raises(Refused) as of_a_list:
        lab.explain_batch([sql], **said)
    assert refusal.value.code == of_a_list.value.code == "spending"
    assert refusal.value.message == of_a_list.value.message
    told = lab.explain(sql, **keywords(refusal.value.suggestion))
    assert told.left == lab.remaining()


def test_a_share_that_was_meant_as_percent_is_told_as_one(lab: Lab) -> None:
    """50 is read back as the half that it may have meant."""
    with pytest.raises(Refused, match="at most 1") as refusal:
        lab.explain(COUNTS, share=50)
    assert refusal.value.suggestion == "share=0.5"


@pytest.mark.parametrize("sql", [COUNTS, PAY])
@pytest.mark.parametrize("margin", [0.5, 1, 2])
def test_a_margin_that_is_too_dear_is_told_one_that_is_not(lab, sql, margin) -> None:
    """The margin suggested is accepted, and one a fifth smaller would not have been."""
    with pytest.raises(Refused) as refusal:
        lab.ask(sql, margin=margin)
    assert refusal.value.code == "budget_exhausted"
    (found,) = keywords(refusal.value.suggestion).values()
    assert lab.explain(sql, margin=found).affordable
    if found > 5:  # below, whole numbers are further apart than that
        assert not lab.explain(sql, margin=found * 0.8).affordable


def test_what_a_project_cannot_pay_for_is_said_beforehand(lab: Lab) -> None:
    """Explain says what is left, whether it covers the price, and what margin would."""
    told = lab.explain(COUNTS, margin=0.5)
    assert told.left == lab.remaining()
    assert not told.affordable
    assert any("does not cover this" in line for line in told.words)
    (instead,) = (line for line in told.words if "could pay for it" in line)
    said = keywords(instead.removesuffix(" the project could pay for it."))
    assert lab.explain(COUNTS, **said).affordable
    cheap = lab.explain(COUNTS, share=0.01)
    assert cheap.affordable
    assert not any("does not cover" in line for line in cheap.words)


def test_a_margin_that_depends_on_the_data_is_told_another_way(lab: Lab) -> None:
    """What is suggested in place of an average's margin is accepted."""
    with pytest.raises(Refused) as refusal:
        lab.explain(MEAN, margin=50)
    assert refusal.value.code == "margin_depends_on_data"
    assert lab.explain(MEAN, **keywords(refusal.value.suggestion)).affordable


def test_a_list_whose_parts_come_to_nothing_is_refused_as_a_whole(lab: Lab) -> None:
    """Nobody is told that a list costs nothing because none of it can be asked."""
    with pytest.raises(Refused, match="part of it comes to nothing"):
        lab.explain_batch([COUNTS, PAY], parts=[1, 10**12], share=0.01)
