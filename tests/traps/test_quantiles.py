"""Traps 18, 29 and 33, as they concern quantiles."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from privacy.explain import explain
from privacy.mechanism import Best, Selection, selection_loss
from privacy.noise import Pick, noise
from privacy.policy import NONE
from privacy.query import Aggregate, Statistic
from privacy.table import ExactTable, Tally
from tests.mechanics.questions import PURE, ZCDP, number, priced, question, regions

HALF = Fraction(1, 2)
MEDIAN = Aggregate(Statistic.QUANTILE_CONT, number(0, 500), at=HALF)


@pytest.mark.parametrize("ratio", [0.5, 1, 3, 40])
def test_trap_29_noisy_max_has_its_own_constant(ratio: float) -> None:
    """A choice costs (2Δ/s)²/8 of ρ, its bounded range's, and 2Δ/s of pure ε.

    Taking Δ/s for the range, as where scores only grow, would understate it fourfold.
    """
    gumbel = selection_loss(Selection(Best.GUMBEL, 8 / ratio, 8))
    exponential = selection_loss(Selection(Best.EXPONENTIAL, 8 / ratio, 8))
    assert float(gumbel) == pytest.approx((2 * ratio) ** 2 / 8)
    assert float(exponential) == pytest.approx(2 * ratio)


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
def test_trap_4_all_choices_of_a_quantile_are_charged(allowance: object) -> None:
    """Its value, the ends of its interval, and the count that certifies it."""
    cost = priced(question(MEDIAN, rows_per_person=3), allowance=allowance)  # type: ignore[arg-type]
    nano = cost.epsilon_nano or cost.rho_nano
    parts = sum((each.loss for each in cost.selectors), Fraction(0))
    assert len(cost.selectors) == 3
    assert len(cost.mechanisms) == 1
    assert 0 < parts * 10**9 < nano


def test_trap_18_absent_keys_have_noise_too() -> None:
    """A cell that nobody is in has a quantile like any other, and another each time."""
    cost = priced(question(MEDIAN, keys=(regions(3),)), policy=NONE)
    nobody = np.zeros(0, dtype=np.int64)
    exact = ExactTable((), (Tally(nobody, nobody, nobody),))
    picks = tuple(Pick(0, each) for each in cost.selectors)
    noised = noise(exact, (), 50, picks, 3)
    assert noised.picked[0].shape == (50, 3)
    assert all(len(set(values.tolist())) > 5 for values in noised.picked[0].T)


def test_trap_33_what_a_quantile_will_be_like_follows_from_public_facts() -> None:
    """The margin in ranks, the candidates and the price are known before any data."""
    cost = priced(question(MEDIAN, rows_per_person=3))
    (column,) = explain(cost).columns
    assert "rows of the rank asked for" in column.words
    assert explain(cost).loss == cost.loss
