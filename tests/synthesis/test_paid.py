"""Two rounds cost together what was said, and no more."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.accounting import Loss
from privacy.errors import Refused
from tests.synthesis.conftest import MANY, answers, answers_package
from tre.lab import Lab
from tre.synthesis.asked import grouped
from tre.synthesis.paid import Part
from tre.synthesis.rounds import LOOK

NANO = 10**9


def loss(nano: int) -> Loss:
    """So much ρ."""
    return Loss(rho=nano / NANO, epsilon=0.0, delta=1e-6)


@given(
    st.lists(st.integers(100, 10**7), min_size=2, max_size=20),
    st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100),
)
def test_parts_never_add_up_to_more(each: list[int], part: Fraction) -> None:
    """Both rounds have at most the whole, and less by at most a nano a question."""
    found = Part.of([{"rho": nano / NANO} for nano in each], part)
    first = sum(found.now)
    assert sum(each) - len(each) - 1 <= first + found.rest <= sum(each)
    assert first <= part * sum(each)
    assert found.spending == {"rho": first / NANO}


def test_a_part_of_nothing_is_refused() -> None:
    """A question that would have no whole nano of a part is not asked."""
    with pytest.raises(Refused, match="comes to nothing"):
        Part.of([{"rho": 1 / NANO}, {"rho": 1.0}], LOOK)


@pytest.mark.parametrize(
    ("charge", "left", "covered"),
    [(40, 100, True), (40, 99, False), (10, 70, True), (10, 69, False), (0, 0, True)],
)
def test_what_was_paid_need_not_be_paid_again(
    charge: int, left: int, covered: bool
) -> None:
    """What is new and the rest have to be covered; where nothing is new, nothing."""
    part = Part("rho", (20, 20), 60)
    assert part.covered(loss(charge), loss(left)) == covered


def test_a_repeat_is_answered_when_it_could_not_be_paid_anew() -> None:
    """It costs nothing; drawing afresh, or anything else, is refused and costs none."""
    with Lab({"answers": answers(2_000)}, answers_package(), epsilon=2.5) as poor:
        asked = partial(poor.synthesise, "answers", MANY, rows=10)
        made = asked(epsilon=2.0)
        left = poor.remaining()
        again = asked(epsilon=2.0)
        assert [x.id for x in again.releases] == [x.id for x in made.releases]
        assert made.charged
        assert not again.charged
        for epsilon, fresh in ((2.0, True), (2.1, False)):
            with pytest.raises(Refused) as refused:
                asked(epsilon=epsilon, fresh=fresh)
            assert refused.value.code == "budget_exhausted"
        assert poor.remaining() == left


def test_a_first_round_has_its_part(many: Lab) -> None:
    """Every pair is asked for a quarter of the price, and some again for the rest."""
    made = many.synthesise("answers", MANY, epsilon=2.0, rows=10)
    first = len(grouped([2] * len(MANY)))
    losses = [release.loss.rho for release in made.releases]
    assert len(losses) > first
    assert 0.999 * LOOK < sum(losses[:first]) / sum(losses) < 1.001 * LOOK
    assert len(made.pairs) == 36
    assert 8 <= sum(pair.modelled for pair in made.pairs) <= 36
