"""Variances, covariances, correlations and regressions from noised moments."""

from __future__ import annotations

from typing import Final

import numpy as np

from privacy.centred import (
    SURE,
    Moments,
    Terms,
    about_ends,
    moments_of,
    noise_width,
)
from privacy.correlated import correlation, correlation_ends
from privacy.evidence import Ends, Evidence, Numbers
from privacy.fitted_line import intercept_width, line, slope_width
from privacy.price import Price
from privacy.quantile import COVERAGE
from privacy.query import Statistic
from privacy.reading import Spread
from privacy.table import Figures

SAMPLE: Final = frozenset(
    (Statistic.VAR_SAMP, Statistic.STDDEV_SAMP, Statistic.COVAR_SAMP)
)
ROOT: Final = frozenset((Statistic.STDDEV_POP, Statistic.STDDEV_SAMP))
_BOUNDED: Final = frozenset(
    (Statistic.VAR_POP, Statistic.VAR_SAMP, Statistic.COVAR_POP, Statistic.COVAR_SAMP)
)


def spread_point(position: int, evidence: Evidence) -> Figures:
    """The noised value of a variance, covariance, correlation or regression.

    Clipped to what is publicly possible: a variance that noise made negative is 0,
    a correlation is in [−1, 1]. NULL where there is nothing to divide by: fewer than
    two rows for a sample's, no positive variance for a correlation or regression.
    """
    moments = moments_of(position, evidence)
    spread = moments.spread
    match spread.statistic:
        case Statistic.CORR:
            return correlation(moments)
        case Statistic.REGR_SLOPE | Statistic.REGR_INTERCEPT:
            return line(moments)
        case statistic:
            values = np.clip(moments.second, *_limits(spread))
            null = moments.noised_count < (2 if statistic in SAMPLE else -np.inf)
            values = np.where(null, 0.0, values * _factor(spread, moments.count))
            return Figures(np.sqrt(values) if statistic in ROOT else values, null)


def spread_ends(position: int, evidence: Evidence, coverage: float) -> Ends:
    """The ends of its interval; an end that is infinite is no bound."""
    moments = moments_of(position, evidence)
    with np.errstate(all="ignore"):
        match moments.spread.statistic:
            case Statistic.CORR:
                return correlation_ends(moments, coverage)
            case Statistic.REGR_SLOPE:
                slope = line(moments).values
                width = slope_width(moments, coverage)
                return slope - width, slope + width
            case Statistic.REGR_INTERCEPT:
                intercept = line(moments).values
                width = intercept_width(moments, coverage)
                return intercept - width, intercept + width
            case _:
                return _second_ends(moments, coverage)


def spread_margin(spread: Spread, price: Price, rows: int) -> float | None:
    """The most a 95% half-width can be in a cell of so many rows.

    None where public facts do not bound it.
    """
    if spread.statistic not in _BOUNDED:
        return None
    left, right = float(spread.left.reach), float(spread.right.reach)
    lift = float(spread.cross.lift)
    terms: Terms = [
        (spread.cross.component, np.array(1.0)),
        (spread.left.component, np.array(right)),
        (spread.right.component, np.array(left)),
        (spread.count, np.array(lift + left * right)),
    ]
    low, high = _limits(spread)
    width = float(noise_width(terms, price, COVERAGE)) / rows
    return min(width + float(spread.cross.rough), high - low)


def _limits(spread: Spread) -> tuple[float, float]:
    """Popoviciu's bounds of a variance, and by Cauchy and Schwarz of a covariance."""
    spans = (side.upper - side.lower for side in (spread.left, spread.right))
    left, right = spans
    most = float(left * right / 4)
    return (0.0 if spread.square else -most), most


def _factor(spread: Spread, count: Numbers) -> Numbers:
    """The factor n ÷ (n − 1) for a sample's, of two rows at least."""
    if spread.statistic not in SAMPLE:
        return np.ones_like(count)
    rows = np.maximum(count, 2.0)
    factor: Numbers = rows / (rows - 1)
    return factor


def _second_ends(moments: Moments, coverage: float) -> Ends:
    spread = moments.spread
    low, high = about_ends(moments, spread.cross, (0, 1), coverage)
    limits = _limits(spread)
    low, high = np.clip(low, *limits), np.clip(high, *limits)
    alone: Terms = [(spread.count, np.array(1.0))]
    error = noise_width(alone, moments.evidence.price, SURE)
    fewest, most = (_factor(spread, moments.count + each) for each in (-error, error))
    low, high = (
        np.minimum(low * fewest, low * most),
        np.maximum(high * fewest, high * most),
    )
    if spread.statistic in ROOT:
        return np.sqrt(low), np.sqrt(high)
    return low, high
