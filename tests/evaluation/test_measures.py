"""Measures of usefulness say what they are defined to say."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from tre.evaluation.measures.coefficients import sign_agreement, size_ratio
from tre.evaluation.measures.decisions import agreement
from tre.evaluation.measures.distances import earth_movers, total_variation
from tre.evaluation.measures.errors import absolute_error, bias, relative_error
from tre.evaluation.measures.intervals import coverage, relative_width
from tre.evaluation.measures.ranks import kendall, spearman, top_agreement
from tre.evaluation.measures.subgroups import error_by_size, hidden_by_size

NAN = np.nan
FEW = arrays(np.float64, 8, elements=st.integers(-5, 5).map(float))


def one(*values: float):
    """One draw."""
    return np.array([values], dtype=np.float64)


EXACT = np.array([100.0, 10.0, 0.0, 50.0])


def test_errors_are_medians_over_what_is_shown() -> None:
    """A hidden figure has no error, and a figure of 0 no relative one."""
    values = one(110, NAN, 5, 40)
    assert absolute_error(values, EXACT) == [10]
    assert relative_error(values, EXACT) == pytest.approx([0.15])
    assert np.isnan(relative_error(one(NAN, NAN, 1, NAN), EXACT)[0])


def test_bias_keeps_its_sign_and_noise_has_none() -> None:
    """Too small everywhere is negative; as much above as below is nothing."""
    assert bias(one(90, 9, 0, 45), EXACT) == pytest.approx([-0.1])
    assert bias(one(110, 10, 0, 40), EXACT) == pytest.approx([0])


def test_coverage_counts_open_ends_and_leaves_out_what_has_no_interval() -> None:
    """An end that is missing is no bound; without both there is no interval."""
    low, high = one(90, 11, NAN, NAN), one(110, 12, 5, NAN)
    assert coverage(low, high, EXACT) == pytest.approx([2 / 3])
    assert np.isnan(coverage(one(NAN), one(NAN), np.array([1.0]))[0])
    assert relative_width(one(90), one(110), np.array([100.0])) == pytest.approx([0.1])


@given(FEW, FEW)
def test_ranks_agree_with_scipy(one_way, other) -> None:
    """τ-b and Spearman's ρ are scipy's, ties and all, and NaN where it has none."""
    for ours, theirs in (
        (kendall(one_way[None, :], other)[0], stats.kendalltau(one_way, other)),
        (spearman(one_way[None, :], other)[0], _spearman(one_way, other)),
    ):
        assert ours == pytest.approx(theirs.statistic, nan_ok=True)


def _spearman(one_way, other):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        return stats.spearmanr(one_way, other)


def test_top_is_of_what_is_shown() -> None:
    """A cell that is hidden is not among the largest, and ties are all right."""
    exact = np.array([5.0, 9.0, 9.0, 1.0, 7.0])
    assert top_agreement(one(5, 8, 10, 1, 6), exact, 2) == [1.0]
    assert top_agreement(one(5, NAN, 10, 1, 6), exact, 2) == [0.5]
    assert top_agreement(one(NAN, NAN, NAN, NAN, NAN), exact, 2) == [0.0]
    assert np.isnan(top_agreement(one(1, 2), np.array([1.0, 2.0]), 2)[0])


def test_a_hidden_figure_decides_nothing() -> None:
    """Agreement is over all cells, shown or not."""
    assert agreement(one(60, 5, 1, NAN), EXACT, above=20) == [0.75]


@given(arrays(np.float64, 6, elements=st.integers(0, 9).map(float)))
def test_distances_agree_with_scipy(values) -> None:
    """Earth mover's distance is scipy's over places; TV is half the sum of gaps."""
    exact = np.array([1.0, 2.0, 3.0, 3.0, 2.0, 1.0])
    moved, varied = (
        each(values[None, :], exact)[0] for each in (earth_movers, total_variation)
    )
    if not values.sum():
        assert np.isnan(moved)
        assert np.isnan(varied)
        return
    places = np.arange(6)
    assert moved == pytest.approx(
        stats.wasserstein_distance(places, places, values, exact)
    )
    gaps = np.abs(values / values.sum() - exact / exact.sum())
    assert varied == pytest.approx(gaps.sum() / 2)


def test_coefficients_have_signs_and_sizes() -> None:
    """Signs are over those shown and not 0; the ratio is 1 where sizes are right."""
    exact = np.array([2.0, -1.0, 0.0, 4.0])
    assert sign_agreement(one(1, 1, 5, NAN), exact) == [0.5]
    assert size_ratio(one(2, -1, 5, 8), exact) == [1.0]


def test_small_groups_are_measured_apart() -> None:
    """Each size class has its own error and its own share of hidden cells."""
    exact, rows = np.array([5.0, 8.0, 2_000.0]), np.array([5.0, 8.0, 2_000.0])
    values = one(10, NAN, 2_020)
    assert error_by_size(values, exact, rows) == {
        "1 to 9": [1.0],
        "1,000 to 9,999": pytest.approx([0.01]),
    }
    assert hidden_by_size(values, rows) == {"1 to 9": [0.5], "1,000 to 9,999": [0.0]}
