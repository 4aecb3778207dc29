"""Variances, covariances, correlations and regressions from noised moments.

For the true means m, l and covariance c, the estimate from noised sums is exactly
ĉ = c + L/N − (m̂ − m)(l̂ − l), where N is the noised count and L is linear in the
noise: η(xy) − m·η(y) − l·η(x) + (lift + ml − c)·η(n). So an interval is the quantile
of L at the largest coefficients that the means' own intervals allow, over N, and
the product of those intervals. A slope b is where x and y − bx do not covary, and
its error is the same L for that pair over the variance. What is beyond first order
is bounded, not estimated, so these ends hold whatever the noise is; where it is small
`local` has nearer ones inside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from privacy.evidence import Ends, Evidence, Numbers
from privacy.mixture import mixture_half_width
from privacy.price import Price
from privacy.quantile import COVERAGE, smooth_scale
from privacy.query import Statistic
from privacy.reading import Cross, Side, Spread
from privacy.table import Figures

_SURE: Final = 0.997
"""The coverage of the means' and the count's own intervals."""

SAMPLE: Final = frozenset(
    (Statistic.VAR_SAMP, Statistic.STDDEV_SAMP, Statistic.COVAR_SAMP)
)
ROOT: Final = frozenset((Statistic.STDDEV_POP, Statistic.STDDEV_SAMP))
_BOUNDED: Final = frozenset(
    (Statistic.VAR_POP, Statistic.VAR_SAMP, Statistic.COVAR_POP, Statistic.COVAR_SAMP)
)

_Terms = list[tuple[int, Numbers]]
"""Components by position, and the largest that their noise's coefficient may be."""


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
            return _correlation(moments)
        case Statistic.REGR_SLOPE | Statistic.REGR_INTERCEPT:
            return _line(moments)
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
                return _correlation_ends(moments, coverage)
            case Statistic.REGR_SLOPE:
                slope = _line(moments).values
                width = _slope_width(moments, coverage)
                return slope - width, slope + width
            case Statistic.REGR_INTERCEPT:
                intercept = _line(moments).values
                width = _intercept_width(moments, coverage)
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
    terms: _Terms = [
        (spread.cross.component, np.array(1.0)),
        (spread.left.component, np.array(right)),
        (spread.right.component, np.array(left)),
        (spread.count, np.array(lift + left * right)),
    ]
    low, high = _limits(spread)
    width = float(noise_width(terms, price, COVERAGE)) / rows
    return min(width + float(spread.cross.rough), high - low)


@dataclass(frozen=True, slots=True)
class Moments:
    """Noised moments of both variables, centred, by draw and cell.

    `count` is at least 1. `means` and `slack` are of the left and the right: the
    true mean is within its slack of the noised one, at `_SURE`.
    """

    spread: Spread
    evidence: Evidence
    noised_count: Numbers
    count: Numbers
    means: tuple[Numbers, Numbers]
    slack: tuple[Numbers, Numbers]

    @property
    def second(self) -> Numbers:
        """The noised second moment of both variables about their means."""
        return self.about(self.spread.cross, *self.means)

    def about(self, cross: Cross, first: Numbers, other: Numbers) -> Numbers:
        """A second moment about these two means."""
        total = values_of(cross.component, self.evidence) / self.count
        return total + float(cross.lift) - first * other

    def largest(self, side: int) -> Numbers:
        """The largest that the magnitude of a true mean may be."""
        reach = (self.spread.left, self.spread.right)[side].reach
        return np.minimum(float(reach), np.abs(self.means[side]) + self.slack[side])

    def quantile(self, terms: _Terms, coverage: float) -> Numbers:
        """The half-width of a sum of noise, over the count; ∞ where nobody counts."""
        width = noise_width(terms, self.evidence.price, coverage) / self.count
        return np.where(self.noised_count < 1, np.inf, width)


def moments_of(position: int, evidence: Evidence) -> Moments:
    """The noised moments of an aggregate; TypeError where it is read off none."""
    spread = evidence.price.plan.readings[position]
    if not isinstance(spread, Spread):
        raise TypeError("this aggregate is not read off second moments")
    noised = values_of(spread.count, evidence)
    count = np.maximum(noised, 1.0)
    sides = (spread.left, spread.right)
    left, right = (values_of(side.component, evidence) / count for side in sides)
    slack = tuple(_slack(side, spread, evidence.price) / count for side in sides)
    return Moments(spread, evidence, noised, count, (left, right), (slack[0], slack[1]))


def _slack(side: Side, spread: Spread, price: Price) -> Numbers:
    """How far noise may move a sum of centred values, and the count at their mean."""
    terms: _Terms = [
        (side.component, np.array(1.0)),
        (spread.count, np.array(float(side.reach))),
    ]
    return noise_width(terms, price, _SURE)


def values_of(position: int, evidence: Evidence) -> Numbers:
    """A noised component as numbers."""
    unit = float(evidence.price.plan.components[position].unit)
    return np.asarray(evidence.noised.values[position], dtype=np.float64) * unit


def noise_width(terms: _Terms, price: Price, coverage: float) -> Numbers:
    """The half-width of Σ coefficient · noise; equal components are one noise."""
    added: dict[int, Numbers] = {}
    for position, coefficient in terms:
        added[position] = added.get(position, np.array(0.0)) + coefficient
    scales = []
    for position, coefficient in added.items():
        unit = float(price.plan.components[position].unit)
        mechanism = price.mechanisms[position]
        scales.append(coefficient * unit * smooth_scale(mechanism, coverage))
    return mixture_half_width(scales, price.mechanisms[0].kind, coverage)


# --------------------------------------------------------- variance, covariance


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
    low, high = _about_ends(moments, spread.cross, (0, 1), coverage)
    limits = _limits(spread)
    low, high = np.clip(low, *limits), np.clip(high, *limits)
    alone: _Terms = [(spread.count, np.array(1.0))]
    error = noise_width(alone, moments.evidence.price, _SURE)
    fewest, most = (_factor(spread, moments.count + each) for each in (-error, error))
    low, high = (
        np.minimum(low * fewest, low * most),
        np.maximum(high * fewest, high * most),
    )
    if spread.statistic in ROOT:
        return np.sqrt(low), np.sqrt(high)
    return low, high


def _about_ends(
    moments: Moments, cross: Cross, sides: tuple[int, int], coverage: float
) -> Ends:
    """Both ends of a second moment of two sides, not clipped."""
    first, other = sides
    estimate = moments.about(cross, moments.means[first], moments.means[other])
    width, product = _about_width(moments, cross, sides, estimate, coverage)
    rough = float(cross.rough)
    below = 0.0 if first == other or moments.spread.square else product
    return estimate - width - below - rough, estimate + width + product + rough


def _about_width(
    moments: Moments,
    cross: Cross,
    sides: tuple[int, int],
    estimate: Numbers,
    coverage: float,
) -> Ends:
    """The quantile of L over N, and the product of what the means may be off."""
    spread = moments.spread
    first, other = sides
    components = (spread.left.component, spread.right.component)
    mean, slack = moments.means, moments.slack
    known = np.clip(estimate, *_reaches(spread, sides))
    rows = (
        np.abs(float(cross.lift) + mean[first] * mean[other] - known)
        + slack[first] * moments.largest(other)
        + slack[other] * moments.largest(first)
    )
    terms: _Terms = [
        (cross.component, np.array(1.0)),
        (components[first], moments.largest(other)),
        (components[other], moments.largest(first)),
        (spread.count, rows),
    ]
    alone = moments.quantile([(spread.count, np.array(1.0))], coverage)
    width = moments.quantile(terms, coverage) / np.maximum(1 - alone, 0.0)
    return np.where(alone < 1, width, np.inf), slack[first] * slack[other]


def _reaches(spread: Spread, sides: tuple[int, int]) -> tuple[float, float]:
    both = (spread.left.reach, spread.right.reach)
    most = float(both[sides[0]] * both[sides[1]])
    return -most, most


# ------------------------------------------------------------------ correlation


def squares_of(moments: Moments) -> tuple[Cross, Cross]:
    """Where the squares of left and right are; the right's twice where it is alone."""
    left, right = moments.spread.squares
    if right is None:
        raise TypeError("a correlation or regression has squares")
    return left or right, right


def _correlation(moments: Moments) -> Figures:
    squares = squares_of(moments)
    left, right = (
        moments.about(cross, mean, mean)
        for cross, mean in zip(squares, moments.means, strict=True)
    )
    null = (left <= 0) | (right <= 0)
    root = np.sqrt(np.where(null, 1.0, left)) * np.sqrt(np.where(null, 1.0, right))
    return Figures(np.where(null, 0.0, np.clip(moments.second / root, -1, 1)), null)


def _correlation_ends(moments: Moments, coverage: float) -> Ends:
    """From intervals of all three at a third of the miss each: at least covers."""
    each = 1 - (1 - coverage) / 3
    left, right = squares_of(moments)
    low, high = _about_ends(moments, moments.spread.cross, (0, 1), each)
    first, other = (
        _about_ends(moments, cross, (side, side), each)
        for side, cross in enumerate((left, right))
    )
    least, most = (
        np.sqrt(np.maximum(a, 0.0)) * np.sqrt(np.maximum(b, 0.0))
        for a, b in zip(first, other, strict=True)
    )
    known = np.isfinite(low) & (least > 0)
    narrow, wide = np.where(known, least, 1.0), np.where(known, most, 1.0)
    ends = (
        np.minimum(low / narrow, low / wide),
        np.maximum(high / narrow, high / wide),
    )
    return (
        np.where(known, np.clip(ends[0], -1, 1), -1.0),
        np.where(known, np.clip(ends[1], -1, 1), 1.0),
    )


# ------------------------------------------------------------------- regression


def _variance(moments: Moments) -> Numbers:
    """The noised variance of the right, as it is."""
    return moments.about(squares_of(moments)[1], moments.means[1], moments.means[1])


def _slope(moments: Moments) -> Figures:
    variance = _variance(moments)
    null = variance <= 0
    slope = moments.second / np.where(null, 1.0, variance)
    return Figures(np.where(null, 0.0, slope), null)


def _line(moments: Moments) -> Figures:
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


def _slope_width(moments: Moments, coverage: float) -> Numbers:
    """The quantile of L at the slope, over the variance less what L adds per slope."""
    spread, square = moments.spread, squares_of(moments)[1]
    (mean_y, mean_x), (slack_y, slack_x) = moments.means, moments.slack
    most_y, most_x = moments.largest(0), moments.largest(1)
    slope = _slope(moments).values
    steep, lift = np.abs(slope), float(square.lift)
    rows = np.abs(mean_x * (mean_y - slope * mean_x) - slope * lift)
    terms: _Terms = [
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
    per_slope: _Terms = [
        (square.component, np.array(1.0)),
        (spread.right.component, 2 * most_x),
        (spread.count, most_x**2 + lift),
    ]
    width = moments.quantile(terms, coverage) + _beyond(moments, steep)
    left = _variance(moments) - moments.quantile(per_slope, coverage)
    left = left - slack_x**2 - float(square.rough)
    return np.where(left > 0, width / np.where(left > 0, left, 1.0), np.inf)


def _intercept_width(moments: Moments, coverage: float) -> Numbers:
    """The residual's mean, and the slope's error at the average, as one sum."""
    spread, square = moments.spread, squares_of(moments)[1]
    (mean_y, mean_x), (slack_y, slack_x) = moments.means, moments.slack
    most_x, lift = moments.largest(1), float(square.lift)
    slope, off = _slope(moments).values, _slope_width(moments, _SURE)
    steep, variance = np.abs(slope), _variance(moments)
    known = np.isfinite(off) & (variance > 0)
    off, arm = np.where(known, off, 0.0), _average(moments) / variance
    residual = mean_y - slope * mean_x
    loose = slack_y + steep * slack_x + most_x * off
    long = np.abs(arm)
    terms: _Terms = [
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
