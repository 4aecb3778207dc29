from __future__ import annotations

from fractions import Fraction
from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from privacy.mechanism import LARGEST, WIDEST, Kind, Mechanism, calibrate, draw, loss
from privacy.noise import noise
from tests.mechanics.questions import exact_table

NEWS = 1e-6
"""A statistical test fails by chance once in a million runs."""

SAMPLE = 20_000


def probabilities(kind: Kind, scale: float, clipped_to: int) -> NDArray[np.float64]:
    """The textbook distribution on −c … c, its tails gathered in the last places."""
    whole = np.arange(-60 * clipped_to, 60 * clipped_to + 1)
    exponent = (
        np.abs(whole) / scale if kind is Kind.LAPLACE else whole**2 / scale**2 / 2
    )
    mass = np.exp(-exponent) / np.exp(-exponent).sum()
    places = np.clip(whole, -clipped_to, clipped_to) + clipped_to
    return np.bincount(places, weights=mass).astype(np.float64)


@pytest.mark.statistical
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("size", [SAMPLE, 4_000])
@pytest.mark.parametrize(
    ("stretch", "fits"), [(0.8, False), (1.0, True), (1.25, False)]
)
def test_noise_has_the_scale_we_priced(
    kind: Kind, size: int, stretch: float, fits: bool
) -> None:
    """The noise fits its priced scale and would not fit a nearby one."""
    mechanism = Mechanism(kind, 3.0, 1, 1)
    drawn = [
        draw(mechanism, np.zeros(size, dtype=np.int64)) for _ in range(SAMPLE // size)
    ]
    sample = np.clip(np.concatenate(drawn), -9, 9)
    observed = np.bincount(sample + 9, minlength=19)
    expected = probabilities(kind, 3.0 * stretch, 9) * SAMPLE
    assert fits == (stats.chisquare(observed, expected, sum_check=False).pvalue > NEWS)


@pytest.mark.statistical
@pytest.mark.parametrize("kind", Kind)
def test_cells_and_draws_have_independent_noise(kind: Kind) -> None:
    """Noise of neighbouring cells and of successive draws is uncorrelated."""
    mechanism = Mechanism(kind, 50.0, 1, 1)
    table = noise(exact_table([7, 7]), (mechanism,), SAMPLE // 2).values[0]
    limit = stats.norm.isf(NEWS / 2) / sqrt(SAMPLE // 2 - 1)
    across = np.corrcoef(table[:, 0], table[:, 1])[0, 1]
    along = np.corrcoef(table[:-1, 0], table[1:, 0])[0, 1]
    assert max(abs(across), abs(along)) < limit


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("stretch", "fits"), [(0.8, False), (1.0, True), (1.25, False)]
)
def test_what_is_of_all_cells_is_noised_once(stretch: float, fits: bool) -> None:
    """The sum of the cells has the priced noise, the same in each, and no draw's."""
    mechanism = Mechanism(Kind.LAPLACE, 3.0, 1, 1, whole=True)
    cells = exact_table([4, -1, 2])
    table = noise(cells, (mechanism,), SAMPLE).values[0]
    assert table.shape == (SAMPLE, 3)
    assert (table == table[:, :1]).all()
    observed = np.bincount(np.clip(table[:, 0] - 5, -9, 9) + 9, minlength=19)
    expected = probabilities(Kind.LAPLACE, 3.0 * stretch, 9) * SAMPLE
    assert fits == (stats.chisquare(observed, expected, sum_check=False).pvalue > NEWS)


@pytest.mark.parametrize("scale", [0.0, -1.0, nan, inf, WIDEST * 2])
@pytest.mark.parametrize("kind", Kind)
def test_a_scale_that_hides_nothing_is_refused_by_us(kind: Kind, scale: float) -> None:
    """No mechanism exists whose scale is zero, negative, not finite or too wide."""
    with pytest.raises(ValueError, match="scale"):
        Mechanism(kind, scale, 1, 1)


@pytest.mark.parametrize(("l1", "l2_squared"), [(0, 1), (1, 0), (-1, 1)])
def test_a_sensitivity_below_one_unit_is_refused(l1: int, l2_squared: int) -> None:
    """No mechanism claims that a person moves nothing."""
    with pytest.raises(ValueError, match="sensitivity"):
        Mechanism(Kind.LAPLACE, 1.0, l1, l2_squared)


def test_a_scale_without_a_finite_loss_is_refused() -> None:
    """A scale so small that its loss is infinite has no price."""
    with pytest.raises(ValueError, match="bounds no privacy loss"):
        loss(Mechanism(Kind.GAUSSIAN, 1e-200, 1, 1))


@given(
    st.sampled_from(Kind),
    st.integers(1, 2**56),
    st.integers(1, 8),
    st.fractions(Fraction(1, 10**6), 100, max_denominator=10**9),
)
def test_the_loss_is_never_above_what_was_asked(
    kind: Kind, moved: int, spread: int, asked: Fraction
) -> None:
    """Calibrated noise costs at most what was asked, and nearly all of it."""
    mechanism = calibrate(
        kind, l1=moved, l2_squared=moved**2 // spread or 1, at_most=asked
    )
    if mechanism is not None:
        assert asked * Fraction(999_999, 1_000_000) <= loss(mechanism) <= asked


@given(st.integers(1, 2**56), st.floats(0.01, 2.0**50))
def test_the_loss_is_at_least_the_textbook_one(moved: int, scale: float) -> None:
    """OpenDP's map is never below Δ²/2σ² or Δ/b, whatever the rounding."""
    gaussian = Mechanism(Kind.GAUSSIAN, scale, moved, moved**2)
    laplace = Mechanism(Kind.LAPLACE, scale, moved, moved**2)
    exact = Fraction(moved) / Fraction(scale)
    assert loss(gaussian) >= exact**2 / 2
    assert loss(laplace) >= exact


def test_noise_too_wide_for_64_bits_is_not_made() -> None:
    """Where the scale would exceed 2⁵⁷ there is no mechanism."""
    assert (
        calibrate(Kind.LAPLACE, l1=2**56, l2_squared=1, at_most=Fraction(1, 100))
        is None
    )


@pytest.mark.parametrize("kind", Kind)
def test_values_are_clamped_before_noise(kind: Kind) -> None:
    """Values beyond ±2⁶² come out near ±2⁶², not near where they were."""
    ends = np.array([2**63 - 1, -(2**63)], dtype=np.int64)
    drawn = draw(Mechanism(kind, 10.0, 1, 1), ends)
    assert np.all(np.abs(np.abs(drawn.astype(float)) - LARGEST) < 10_000)


@pytest.mark.parametrize("shape", [(1,), (3, 4), (5_000, 2), (0,)])
def test_noise_keeps_the_shape(shape: tuple[int, ...]) -> None:
    """Every value gets noise, and its place."""
    values = np.arange(np.prod(shape), dtype=np.int64).reshape(shape) * 10**6
    drawn = draw(Mechanism(Kind.GAUSSIAN, 2.0, 1, 1), values)
    assert drawn.shape == shape
    assert np.all(np.abs(drawn - values) < 100)


def test_noise_repeats_the_noise_and_not_the_reading() -> None:
    """Draws are rows, cells are columns, components stay apart."""
    tables = noise(
        exact_table([0, 10**6], [5 * 10**6, 0]),
        (Mechanism(Kind.GAUSSIAN, 1.0, 1, 1), Mechanism(Kind.LAPLACE, 1.0, 1, 1)),
        3,
    )
    rounded = [np.round(values / 10**6).tolist() for values in tables.values]
    assert rounded == [[[0, 1]] * 3, [[5, 0]] * 3]


@pytest.mark.parametrize(("mechanisms", "draws"), [(0, 1), (2, 1), (1, 0)])
def test_tables_and_mechanisms_correspond(mechanisms: int, draws: int) -> None:
    """Nothing is noised with another component's noise, or left without."""
    one = Mechanism(Kind.GAUSSIAN, 1.0, 1, 1)
    with pytest.raises(ValueError, match="one mechanism a component"):
        noise(exact_table([1]), (one,) * mechanisms, draws)


def test_exact_values_are_in_no_repr() -> None:
    """Tables of values can be logged by mistake without showing one."""
    assert "987654321" not in repr(exact_table([987654321]))
