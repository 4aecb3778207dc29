"""Two rounds cost together what was said, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.synthesis.conftest import MANY
from tre.lab import Lab
from tre.release import Release
from tre.synthesis.asked import grouped
from tre.synthesis.paid import Payer, Spending, Spendings
from tre.synthesis.rounds import LOOK

NANO = 10**9


def unasked(_sql: str, **_spending: float) -> Release:
    """Nobody asks anything here."""
    raise AssertionError


@given(
    st.lists(st.integers(1, 10**7), min_size=2, max_size=20),
    st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=100),
)
def test_parts_never_add_up_to_more(each: list[int], part: Fraction) -> None:
    """Both rounds have at most the whole, and less by at most a nano a question."""

    def split(_q: Sequence[str], _p: Sequence[float], _s: Spending) -> Spendings:
        return [{"rho": nano / NANO} for nano in each]

    payer = Payer(ask=unasked, split=split, spending={"epsilon": 1.0})
    spent, rest = payer.parted(["q"] * len(each), [1.0] * len(each), part)
    first = sum(round(own["rho"] * NANO) for own in spent)
    second = round(rest.spending["rho"] * NANO)
    assert sum(each) - len(each) - 1 <= first + second <= sum(each)
    assert first <= part * sum(each)


def test_a_first_round_has_its_part(many: Lab) -> None:
    """Every pair is asked for a quarter of the price, and some again for the rest."""
    made = many.synthesise("answers", MANY, epsilon=2.0, rows=10)
    first = len(grouped([2] * len(MANY)))
    losses = [release.loss.rho for release in made.releases]
    assert len(losses) > first
    assert 0.999 * LOOK < sum(losses[:first]) / sum(losses) < 1.001 * LOOK
    assert len(made.pairs) == 36
    assert 8 <= sum(pair.modelled for pair in made.pairs) <= 36
