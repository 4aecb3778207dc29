"""Every two columns are asked for once, in questions that can be asked."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.catalogue import Catalogue
from privacy.errors import Refused
from privacy.teach import understand
from tests.synthesis.conftest import COLUMNS, MANY
from tests.synthesis.test_columns import VISITS
from tre.lab import Lab
from tre.synthesis.asked import blocks, columns_of, grouped
from tre.synthesis.columns import categories


@given(st.lists(st.integers(2, 100), min_size=2, max_size=16))
def test_every_two_columns_are_in_one_question(sizes: list[int]) -> None:
    """No pair is missing or asked twice, and no question has too many combinations."""
    found = grouped(sizes)
    pairs = [pair for group in found for pair in group]
    assert sorted(pairs) == [*combinations(range(len(sizes)), 2)]
    for group in found:
        places = columns_of(group)
        assert len(places) <= 8
        assert prod(sizes[place] for place in places) <= 10**6


@given(st.sets(st.sampled_from([*combinations(range(12), 2)]), min_size=1))
def test_pairs_that_are_named_are_asked_alone(pairs: set[tuple[int, int]]) -> None:
    """A second round is about the pairs it names, each once."""
    found = grouped([20] * 12, [*pairs])
    assert sorted(pair for group in found for pair in group) == sorted(pairs)
    assert all(20 ** len(columns_of(group)) <= 10**6 for group in found)


def test_a_category_has_as_many_values_as_its_question_has_keys() -> None:
    """Bands, listed values, years and booleans, with one more where one is missing."""
    chosen = categories(VISITS, COLUMNS, 6)
    (block,) = blocks("visits", chosen)
    query = understand(block.sql, Catalogue("people", {"visits": VISITS}))
    sizes = [len(key.domain.values or ()) + key.domain.nullable for key in query.keys]
    assert [each.size for each in chosen] == sizes


def test_many_columns_are_paid_together(many: Lab) -> None:
    """Their questions cost what was said, once; nothing is asked that is not paid.

    Answers next to each other are alike four times in five, and are made so.
    """
    before = many.remaining()
    made = many.synthesise("answers", MANY, epsilon=8.0)
    assert len(made.questions) > 1
    assert made.charged
    whole = many.explain("SELECT COUNT(*) AS n FROM answers", epsilon=8.0).loss
    assert 0.999 * whole.rho < made.loss.rho <= whole.rho
    assert made.loss.epsilon <= 8.0
    assert before.rho - many.remaining().rho == pytest.approx(made.loss.rho, abs=1e-9)
    frame = made.table.to_pandas()
    for one, other in pairwise(MANY):
        assert abs((frame[one] == frame[other]).mean() - 0.8) < 0.05
    assert len(made.pairs) == 36
    left = many.remaining()
    again = many.synthesise("answers", MANY, epsilon=8.0, rows=10)
    assert not again.charged
    assert many.remaining() == left


def test_many_columns_need_to_know_what_they_may_cost(many: Lab) -> None:
    """Without ε or ρ, and where there is less than that, nothing is asked or paid."""
    before = many.remaining()
    with pytest.raises(Refused) as unsaid:
        many.synthesise("answers", MANY)
    assert unsaid.value.code == "spending"
    with pytest.raises(Refused) as poor:
        many.synthesise("answers", MANY, epsilon=21)
    assert poor.value.code == "budget_exhausted"
    assert many.remaining() == before
