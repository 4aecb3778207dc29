from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.mechanism import Kind, Mechanism, draw
from privacy.quantile import (
    beyond,
    half_width,
    laplace_pair_half_width,
    smooth_scale,
    sum_half_width,
    upper_quantile,
    widest,
)

CONFIDENCE = Fraction(99, 100)
kinds = st.sampled_from(Kind)
scales = st.floats(0.05, 900.0)


def noise_of(kind: Kind, scale: float) -> Mechanism:
    """Noise of this kind and scale; what it protects does not matter here."""
    return Mechanism(kind, scale, 1, 1)


def mass(kind: Kind, scale: float, reach: int) -> np.ndarray:
    """The exact probabilities of −reach … reach."""
    whole = np.arange(-reach, reach + 1)
    exponent = (
        np.abs(whole) / scale if kind is Kind.LAPLACE else whole**2 / scale**2 / 2
    )
    weights = np.exp(-exponent)
    return weights / weights.sum()


@given(kinds, scales, st.integers(0, 3_000))
def test_tails_are_those_of_the_discrete_distribution(
    kind: Kind, scale: float, whole: int
) -> None:
    """P(Z > w) agrees with adding up probabilities."""
    reach = 40_000
    added = mass(kind, scale, reach)[reach + whole + 1 :].sum()
    assert beyond(noise_of(kind, scale), whole) == pytest.approx(added, abs=1e-12)


@given(kinds, st.floats(0.05, 2.0**50))
def test_the_certificates_quantile_is_exact(kind: Kind, scale: float) -> None:
    """The noise exceeds q with probability at most 1%, and would exceed less."""
    mechanism = noise_of(kind, scale)
    quantile = upper_quantile(mechanism, CONFIDENCE)
    assert beyond(mechanism, quantile) <= 0.01 + 1e-15
    slack = max(1, quantile >> 40)
    assert quantile == 0 or beyond(mechanism, max(0, quantile - slack)) > 0.01 - 1e-9


@given(kinds, st.floats(1_000.0, 4_000.0))
def test_beyond_the_summed_scales_tails_are_bounded_from_above(
    kind: Kind, scale: float
) -> None:
    """The normal tail that stands in is no smaller, and hardly larger."""
    quantile = upper_quantile(noise_of(kind, scale), CONFIDENCE)
    reach = 150_000
    added = mass(kind, scale, reach)[reach + quantile + 1 :].sum()
    assert added - 1e-12 <= beyond(noise_of(kind, scale), quantile) <= added + 1e-6


@given(kinds, scales)
def test_half_widths_cover_as_near_to_95_as_whole_numbers_can(
    kind: Kind, scale: float
) -> None:
    """No other whole width of at least 94.5% is nearer to 95%."""
    mechanism = noise_of(kind, scale)
    width = half_width(mechanism)
    around = [w for w in range(width - 2, width + 3) if w >= 0]
    covered = {w: 1 - 2 * beyond(mechanism, w) for w in around}
    allowed = [w for w in around if covered[w] >= 0.945]
    assert width == min(allowed, key=lambda w: (abs(covered[w] - 0.95), w))


@pytest.mark.parametrize("kind", Kind)
def test_half_widths_of_wide_noise_cover_95(kind: Kind) -> None:
    """From scale 20 on, steps hardly matter."""
    for scale in np.geomspace(20, 2.0**55, 60):
        mechanism = noise_of(kind, float(scale))
        covered = 1 - 2 * beyond(mechanism, half_width(mechanism))
        assert covered == pytest.approx(0.95, abs=0.004)


@given(kinds, st.integers(0, 10**9))
def test_the_widest_scale_keeps_the_width(kind: Kind, whole: int) -> None:
    """Its half-width is at most what was said, and a little wider would be more."""
    scale = widest(kind, whole)
    assert half_width(noise_of(kind, scale)) <= whole
    assert half_width(noise_of(kind, scale * 1.0001 + 1e-6)) >= whole


@given(
    kinds,
    st.lists(
        st.tuples(st.integers(-3, 3).filter(bool), st.floats(0.3, 30)),
        min_size=2,
        max_size=3,
    ),
)
def test_sums_on_a_small_lattice_are_exact(kind, terms) -> None:
    """The width of a sum covers 95% of the exact convolution, or 94.5% and nearer."""
    width = sum_half_width(tuple((Fraction(c), noise_of(kind, s)) for c, s in terms))
    total = np.ones(1)
    for coefficient, scale in terms:
        reach = int(scale * 40) + 2
        spread = np.zeros(2 * reach * abs(coefficient) + 1)
        spread[:: abs(coefficient)] = mass(kind, scale, reach)
        total = np.convolve(total, spread)
    middle = len(total) // 2
    inside = total[middle - int(width) : middle + int(width) + 1].sum()
    narrower = total[middle - int(width) + 1 : middle + int(width)].sum()
    assert inside >= 0.945
    assert narrower < 0.951


@pytest.mark.statistical
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "terms",
    [((1, 400.0), (-1, 900.0)), ((1, 5_000.0), (1_000, 3.0)), ((7, 200.0), (7, 200.0))],
)
def test_sums_cover_95(kind: Kind, terms) -> None:
    """Drawn sums lie within the width 95 times in 100, wide lattices included."""
    size = 50_000
    width = sum_half_width(tuple((Fraction(c), noise_of(kind, s)) for c, s in terms))
    total = sum(
        c * draw(noise_of(kind, s), np.zeros(size, dtype=np.int64)) for c, s in terms
    )
    assert np.mean(np.abs(total) <= width) == pytest.approx(0.95, abs=0.005 + 0.0015)


def test_a_mixed_sum_of_normals_and_laplaces_is_between_both() -> None:
    """Adding one noise to another widens it, but by less than its own width."""
    gaussian, laplace = noise_of(Kind.GAUSSIAN, 1e6), noise_of(Kind.LAPLACE, 1e6)
    both = sum_half_width(((Fraction(1), gaussian), (Fraction(1), laplace)))
    assert half_width(laplace) < both < half_width(laplace) + half_width(gaussian)


def test_a_sum_of_nothing_is_exact() -> None:
    """A constant has no error."""
    assert sum_half_width(()) == 0


@given(st.floats(0, 1e6), st.sampled_from((0.95, 0.975)))
def test_pairs_of_laplaces_are_those_of_the_closed_form(
    ratio: float, coverage: float
) -> None:
    """P(|X + rY| ≤ w) is the coverage, at every ratio."""
    width, _ = laplace_pair_half_width(np.array([ratio]), coverage)
    w, r = float(width[0]), ratio
    if abs(r - 1) < 1e-3:
        missed = np.exp(-w) * (1 + w / 2)
    elif r == 0:
        missed = np.exp(-w)
    else:
        missed = (np.exp(-w) - r * r * np.exp(-w / r)) / (1 - r * r)
    assert 1 - missed == pytest.approx(coverage, abs=1e-3)


@given(kinds, st.floats(0.05, 100.0))
def test_smooth_scales_are_no_narrower(kind: Kind, scale: float) -> None:
    """Continuous stand-ins cover what the discrete noise covers."""
    smooth = smooth_scale(noise_of(kind, scale), 0.95)
    assert smooth >= scale
    assert smooth == scale or scale < 2
