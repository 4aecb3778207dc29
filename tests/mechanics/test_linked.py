"""How people were linked, as a table's profile has it: what one person moves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privacy.accounting import NANO
from privacy.linked import (
    CLASSES,
    Linked,
    false_matches,
    matched,
    matching,
    missed_matches,
    weighed_from,
)
from privacy.mechanism import draw
from privacy.profiling import LINKED_NANO, measurement
from tests.mechanics.test_profile import TABLE

PAIRS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] != p[1]),
    max_size=30,
)
KINDS = ("forename", "surname", "postcode")


@given(PAIRS, st.integers(0, 9))
def test_one_person_moves_the_matching_by_one(pairs, person) -> None:
    """Whoever leaves with all their pairs, at most one pair more or less is taken."""
    without = [pair for pair in pairs if person not in pair]
    assert abs(len(matching(pairs)) - len(matching(without))) <= 1


@given(PAIRS)
def test_nobody_is_in_two_pairs_of_a_matching(pairs) -> None:
    """It is made of the pairs there are, and no further one could be taken."""
    taken = matching(pairs)
    ends = Counter(person for pair in taken for person in pair)
    assert set(taken) <= set(pairs)
    assert not ends or max(ends.values()) == 1
    assert all(a in ends or b in ends for a, b in pairs)


def test_the_statement_costs_what_the_policy_says() -> None:
    """The figures together cost at most the fixed ρ, and nearly that."""
    more = measurement(TABLE, identifiers=KINDS).rho_nano - measurement(TABLE).rho_nano
    assert 0.99 * LINKED_NANO <= more <= LINKED_NANO


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("stretch", "fits"), [(0.8, False), (1.0, True), (1.25, False)]
)
def test_each_figure_has_the_noise_that_is_paid_for(stretch, fits) -> None:
    """A person moves one class by 1: half of ρ is Gaussian noise of σ² = 1/(2·ρ/2)."""
    links = measurement(TABLE, identifiers=KINDS).links
    assert links is not None
    drawn = draw(links.people, np.zeros(20_000, np.int64))
    sigma = (1 / (LINKED_NANO / NANO)) ** 0.5 * stretch
    found = stats.kstest(
        np.asarray(drawn) + np.random.default_rng(1).uniform(-0.5, 0.5, 20_000),
        stats.norm(scale=sigma).cdf,
    )
    assert fits == (found.pvalue > 1e-6)


def _linked(*people: int, doubtful: int = 0) -> Linked:
    return Linked(people, 9, doubtful, 9, (), 9)


def test_estimates_follow_from_the_classes() -> None:
    """Shares, mistakes and other thresholds are arithmetic on noised figures."""
    linked = _linked(50, 10, 20, 0, 10, 6, 4, doubtful=8)
    assert matched(linked) == pytest.approx(0.5)
    assert weighed_from(linked, 0.95) == 4
    assert weighed_from(linked, 0.99) == 10
    expected = 10 * 0.005 + 6 * 0.03 + 4 * 0.075
    assert false_matches(linked, 0.9) == pytest.approx(expected)
    assert missed_matches(linked, 0.5, 0.9) == pytest.approx(8 * 0.7)


def test_noise_below_nothing_counts_as_nothing() -> None:
    """Figures may come out below 0, and what follows from them does not."""
    linked = _linked(*(-5 for _ in CLASSES), doubtful=-3)
    assert matched(linked) == 0
    assert false_matches(linked, 0.9) == 0
    assert missed_matches(linked, 0.5, 0.9) == 0
