"""Noised second moments about noised means, and how far off these may be.

For the true means m, l and covariance c, the estimate from noised sums is exactly
ĉ = c + L/N − (m̂ − m)(l̂ − l), where N is the noised count and L is linear in the
noise: η(xy) − m·η(y) − l·η(x) + (lift + ml − c)·η(n). So an interval is the quantile
of L at the largest coefficients that the means' own intervals allow, over N, and
the product of those intervals. What is beyond first order is bounded, not estimated,
so these ends hold whatever the noise is; where it is small `local` has nearer ones
inside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from privacy.evidence import Ends, Evidence, Numbers
from privacy.mixture import mixture_half_width
from privacy.price import Price
from privacy.quantile import smooth_scale
from privacy.reading import Cross, Side, Spread

SURE: Final = 0.997
"""The coverage of the means' and the count's own intervals."""

Terms: TypeAlias = list[tuple[int, Numbers]]
"""Components by position, and the largest that their noise's coefficient may be."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Noised moments of both variables, centred, by draw and cell.

    `count` is at least 1. `means` and `slack` are of the left and the right: the
    true mean is within its slack of the noised one, at `SURE`.
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

    def quantile(self, terms: Terms, coverage: float) -> Numbers:
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
    terms: Terms = [
        (side.component, np.array(1.0)),
        (spread.count, np.array(float(side.reach))),
    ]
    return noise_width(terms, price, SURE)


def values_of(position: int, evidence: Evidence) -> Numbers:
    """A noised component as numbers."""
    unit = float(evidence.price.plan.components[position].unit)
    return np.asarray(evidence.noised.values[position], dtype=np.float64) * unit


def noise_width(terms: Terms, price: Price, coverage: float) -> Numbers:
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


def about_ends(
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
    terms: Terms = [
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


def squares_of(moments: Moments) -> tuple[Cross, Cross]:
    """Where the squares of left and right are; the right's twice where it is alone."""
    left, right = moments.spread.squares
    if right is None:
        raise TypeError("a correlation or regression has squares")
    return left or right, right
