"""Slopes and intercepts from noised second moments.

A slope b is where x and y − bx do not covary, and its error is the same linear form as
of a covariance (`centred`), for that pair, over the variance.
"""

from __future__ import annotations

import numpy as np

from privacy.centred import SURE, Moments, Terms, squares_of
from privacy.evidence import Numbers
from privacy.query import Statistic
from privacy.table import Figures


def _variance(moments: Moments) -> Numbers:
    """The noised variance of the right, as it is."""
    return moments.about(squares_of(moments)[1], moments.means[1], moments.means[1])


def _slope(moments: Moments) -> Figures:
    variance = _variance(moments)
    null = variance <= 0
    slope = moments.second / np.where(null, 1.0, variance)
    return Figures(np.where(null, 0.0, slope), null)


def line(moments: Moments) -> Figures:
    """The slope, or the intercept at it."""
    slope = _slope(moments)
    spread = moments.spread
    if spread.statistic is Statistic.REGR_SLOPE:
        return slope
    dependent = moments.means[0] + float(spread.left.centre)
    intercept = dependent - slope.values * _average(moments)
    return Figures(np.where(slope.null, 0.0, intercept), slope.null)


def _average(moments: Moments) -> Numbers:
    return moments.means[1] + float(moments.spread.right.centre)


def _beyond(moments: Moments, slope: Numbers) -> Numbers:
    """What the product of means' errors and rounding move a residual covariance by."""
    dependent, independent = moments.slack
    rough = float(moments.spread.cross.rough)
    square = float(squares_of(moments)[1].rough)
    return independent * (dependent + slope * independent) + rough + slope * square


def slope_width(moments: Moments, coverage: float) -> Numbers:
    """The half-width of a slope.

    The quantile of L at the slope, over the variance less what L adds per slope.
    """
    spread, square = moments.spread, squares_of(moments)[1]
    (mean_y, mean_x), (slack_y, slack_x) = moments.means, moments.slack
    most_y, most_x = moments.largest(0), moments.largest(1)
    slope = _slope(moments).values
    steep, lift = np.abs(slope), float(square.lift)
    rows = np.abs(mean_x * (mean_y - slope * mean_x) - slope * lift)
    terms: Terms = [
        (spread.cross.component, np.array(1.0)),
        (square.component, steep),
        (spread.left.component, most_x),
        (
            spread.right.component,
            np.abs(2 * slope * mean_x - mean_y) + 2 * steep * slack_x + slack_y,
        ),
        (
            spread.count,
            rows + slack_y * most_x + slack_x * (most_y + 2 * steep * most_x),
        ),
    ]
    per_slope: Terms = [
        (square.component, np.array(1.0)),
        (spread.right.component, 2 * most_x),
        (spread.count, most_x**2 + lift),
    ]
    width = moments.quantile(terms, coverage) + _beyond(moments, steep)
    left = _variance(moments) - moments.quantile(per_slope, coverage)
    left = left - slack_x**2 - float(square.rough)
    return np.where(left > 0, width / np.where(left > 0, left, 1.0), np.inf)


def intercept_width(moments: Moments, coverage: float) -> Numbers:
    """The half-width of an intercept.

    The residual's mean, and the slope's error at the average, as one sum.
    """
    spread, square = moments.spread, squares_of(moments)[1]
    (mean_y, mean_x), (slack_y, slack_x) = moments.means, moments.slack
    most_x, lift = moments.largest(1), float(square.lift)
    slope, off = _slope(moments).values, slope_width(moments, SURE)
    steep, variance = np.abs(slope), _variance(moments)
    known = np.isfinite(off) & (variance > 0)
    off, arm = np.where(known, off, 0.0), _average(moments) / variance
    residual = mean_y - slope * mean_x
    loose = slack_y + steep * slack_x + most_x * off
    long = np.abs(arm)
    terms: Terms = [
        (spread.cross.component, long),
        (square.component, long * (steep + off)),
        (spread.left.component, np.abs(1 + arm * mean_x) + long * slack_x),
        (
            spread.right.component,
            np.abs(slope + arm * (2 * slope * mean_x - mean_y))
            + off
            + long * (2 * steep * slack_x + 2 * most_x * off + slack_y),
        ),
        (
            spread.count,
            np.abs(residual + arm * (mean_x * residual - slope * lift))
            + loose
            + long * (most_x * loose + slack_x * np.abs(residual) + off * lift),
        ),
    ]
    width = moments.quantile(terms, coverage) + long * _beyond(moments, steep + off)
    return np.where(known, width, np.inf)
