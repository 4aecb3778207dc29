"""What a figure's error is to first order: where noise is small beside what it is in.

A figure f of noised components has the error Σ ∂f/∂c · noise, and a quantile of that
is how wide its interval need be. What is left out is of second order: its mean is
taken off, and its standard deviation added in squares. Where a divisor's own 95%
margin is more than two fifths of it that is no longer small, and the figure is not
`near`: then only bounds that hold whatever the noise (`interval`, `spread`) are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.centred import Moments, moments_of, noise_width, squares_of
from privacy.evidence import Ends, Evidence, Numbers, point
from privacy.form import Linear, Ratio, form_of
from privacy.mechanism import Kind
from privacy.quantile import normal_half_width
from privacy.query import (
    AggregateRef,
    Constant,
    GroupingRef,
    KeyRef,
    Operation,
    Operator,
    Post,
    Statistic,
)
from privacy.ranks import Order
from privacy.reading import Cross, Reading, Spread
from privacy.spread import ROOT, SAMPLE

_NEAR: Final = 0.4
_STEEPEST: Final = 0.999_999

Partials = Mapping[int, Numbers]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Local:
    """A figure by draw and cell, and its error to second order.

    `partials` are by component, in the component's own units; `shift` is what the
    error is on average, `beyond` the standard deviation of its second order, `rough`
    the most that rounding of rows does. Where not `near` none of it holds.
    """

    value: Numbers
    partials: Partials
    shift: Numbers
    beyond: Numbers
    rough: Numbers
    near: Truths


def narrowed(post: Post, evidence: Evidence, coverage: float, wide: Ends) -> Ends:
    """The ends of an interval by its first order where that is near, within `wide`.

    The figure itself is always inside.
    """
    with np.errstate(all="ignore"):
        found = _local(post, evidence)
        if found is None:
            return wide
        low, high = _transformed(post, found, evidence, coverage)
        value = np.clip(found.value, *wide)
        low = np.minimum(np.maximum(low, wide[0]), value)
        high = np.maximum(np.minimum(high, wide[1]), value)
    near = found.near & np.isfinite(low) & np.isfinite(high)
    return np.where(near, low, wide[0]), np.where(near, high, wide[1])


def _transformed(post: Post, found: Local, evidence: Evidence, coverage: float) -> Ends:
    """Ends on the scale on which the error is nearest to its first order.

    Of a deviation, its square; of a correlation, Fisher's z.
    """
    middle, width = found.value - found.shift, _width(found, evidence, coverage)
    match _statistic(post, evidence):
        case statistic if statistic in ROOT:
            square, width = found.value**2, 2 * found.value * width
            square = square - 2 * found.value * found.shift
            low, high = square - width, square + width
            return np.sqrt(np.maximum(low, 0)), np.sqrt(np.maximum(high, 0))
        case Statistic.CORR:
            inside = np.clip(middle, -_STEEPEST, _STEEPEST)
            arc, width = np.arctanh(inside), width / (1 - inside**2)
            return np.tanh(arc - width), np.tanh(arc + width)
        case _:
            return middle - width, middle + width


def _width(found: Local, evidence: Evidence, coverage: float) -> Numbers:
    terms = [(place, np.abs(each)) for place, each in found.partials.items()]
    first = noise_width(terms, evidence.price, coverage) if terms else np.array(0.0)
    second = normal_half_width(coverage) * found.beyond
    width: Numbers = np.hypot(first, second) + found.rough
    return width


def _statistic(post: Post, evidence: Evidence) -> Statistic | None:
    match post:
        case AggregateRef(position):
            return evidence.price.plan.query.aggregates[position].statistic
        case _:
            return None


# ---------------------------------------------------------------------- arithmetic


def _local(post: Post, evidence: Evidence) -> Local | None:
    match post:
        case AggregateRef(position):
            return _aggregate(position, evidence)
        case KeyRef(position):
            key = evidence.keys[position]
            return _known(np.where(key.null, np.nan, key.values).astype(np.float64))
        case Constant(value):
            return None if value is None else _known(np.array([[float(value)]]))  # type: ignore[arg-type]  # a number here
        case GroupingRef():
            return None
        case Operation(Operator.NULLIF, (first, _)):
            return _local(first, evidence)
        case Operation(operator, arguments):
            found = [_local(each, evidence) for each in arguments]
            known = [each for each in found if each is not None]
            return (
                _operated(operator, known, evidence)
                if len(known) == len(found)
                else None
            )


def _operated(
    operator: Operator, arguments: list[Local], evidence: Evidence
) -> Local | None:
    match operator, arguments:
        case Operator.NEGATE, [only]:
            return _sum([(only, -1.0)])
        case Operator.ADD, [left, right]:
            return _sum([(left, 1.0), (right, 1.0)])
        case Operator.SUBTRACT, [left, right]:
            return _sum([(left, 1.0), (right, -1.0)])
        case Operator.MULTIPLY, [left, right]:
            return _product(left, right, evidence)
        case Operator.DIVIDE, [left, right]:
            return _quotient(left, right, evidence)
        case _:
            return None


def _known(value: Numbers) -> Local:
    zero = np.zeros_like(value)
    return Local(value, {}, zero, zero, zero, np.isfinite(value))


def _sum(parts: list[tuple[Local, Numbers | float]]) -> Local:
    """A sum of figures times factors that are taken as they are."""
    partials: dict[int, Numbers] = {}
    for each, factor in parts:
        for place, partial in each.partials.items():
            partials[place] = partials.get(place, np.array(0.0)) + partial * factor
    zero = np.array(0.0)
    return Local(
        value=sum((each.value * f for each, f in parts), zero),
        partials=partials,
        shift=sum((each.shift * f for each, f in parts), zero),
        beyond=np.sqrt(sum(((each.beyond * f) ** 2 for each, f in parts), zero)),
        rough=sum((each.rough * np.abs(f) for each, f in parts), zero),
        near=_all([each.near for each, _ in parts]),
    )


def _all(conditions: list[Truths]) -> Truths:
    met: Truths = np.logical_and.reduce(np.broadcast_arrays(*conditions))
    return met


def _product(left: Local, right: Local, evidence: Evidence) -> Local:
    first = _sum([(left, right.value), (right, left.value)])
    both = _deviation(left, evidence) * _deviation(right, evidence)
    return Local(
        left.value * right.value,
        first.partials,
        first.shift + _covariance(left, right, evidence),
        np.hypot(first.beyond, both),
        first.rough,
        first.near,
    )


def _quotient(above: Local, below: Local, evidence: Evidence) -> Local:
    """A ratio r = a/b: to first order (Δa − r·Δb)/b, to second −Δb/b times that."""
    value = above.value / below.value
    first = _sum([(above, 1 / below.value), (below, -value / below.value)])
    relative = _deviation(below, evidence) / np.abs(below.value)
    margin = _width(below, evidence, 0.95) / np.abs(below.value)
    return Local(
        value,
        first.partials,
        first.shift - _covariance(first, below, evidence) / below.value,
        np.hypot(first.beyond, _deviation(first, evidence) * relative),
        first.rough,
        first.near & (margin < _NEAR),
    )


def _deviation(found: Local, evidence: Evidence) -> Numbers:
    root: Numbers = np.sqrt(_covariance(found, found, evidence))
    return root


def _covariance(left: Local, right: Local, evidence: Evidence) -> Numbers:
    total = np.array(0.0)
    for place in left.partials.keys() & right.partials.keys():
        noise = _noise(place, evidence) ** 2
        total = total + left.partials[place] * right.partials[place] * noise
    return total


def _noise(place: int, evidence: Evidence) -> float:
    """The standard deviation of a component's noise, in its column's units."""
    mechanism = evidence.price.mechanisms[place]
    unit = float(evidence.price.plan.components[place].unit)
    return mechanism.scale * unit * (sqrt(2) if mechanism.kind is Kind.LAPLACE else 1)


# ---------------------------------------------------------------------- aggregates


def _aggregate(position: int, evidence: Evidence) -> Local | None:
    reading = evidence.price.plan.readings[position]
    match reading:
        case Order():
            return None
        case Spread():
            return _spread(moments_of(position, evidence), evidence)
        case Reading():
            return _read(reading, evidence)


def _read(reading: Reading, evidence: Evidence) -> Local | None:
    match form_of(reading, evidence.price.plan):
        case Linear() as linear:
            return _linear(linear, evidence)
        case Ratio(left_out=None) as ratio:
            above, below = ratio.numerator, ratio.denominator
            found = _quotient(
                _linear(above, evidence), _linear(below, evidence), evidence
            )
            offset = _known(np.array([[float(ratio.offset)]]))
            return _sum([(found, float(ratio.multiplier)), (offset, 1.0)])
        case _:
            return None


def _linear(linear: Linear, evidence: Evidence) -> Local:
    value = point(linear, evidence)
    components = evidence.price.plan.components
    partials = {
        place: np.array([[float(c / components[place].unit)]])
        for place, c in linear.terms
    }
    zero = np.zeros_like(value)
    return Local(value, partials, zero, zero, zero, np.isfinite(value))


def _component(place: int, evidence: Evidence) -> Local:
    unit = evidence.price.plan.components[place].unit
    return _linear(Linear(((place, unit),)), evidence)


def _spread(moments: Moments, evidence: Evidence) -> Local:
    """A variance, covariance, correlation or regression from its moments."""
    spread = moments.spread
    count = _component(spread.count, evidence)
    sides = (spread.left, spread.right)
    left, right = (
        _quotient(_component(side.component, evidence), count, evidence)
        for side in sides
    )
    cross = _second(spread.cross, left, right, count, evidence)
    match spread.statistic:
        case Statistic.CORR:
            first, other = squares_of(moments)
            squares = (
                _second(first, left, left, count, evidence),
                _second(other, right, right, count, evidence),
            )
            root = _root(_product(*squares, evidence), evidence)
            return _quotient(cross, root, evidence)
        case Statistic.REGR_SLOPE | Statistic.REGR_INTERCEPT as statistic:
            _, square = squares_of(moments)
            variance = _second(square, right, right, count, evidence)
            slope = _quotient(cross, variance, evidence)
            if statistic is Statistic.REGR_SLOPE:
                return slope
            means = [
                _sum([(mean, 1.0), (_known(np.array([[float(side.centre)]])), 1.0)])
                for mean, side in zip((left, right), sides, strict=True)
            ]
            return _sum([(means[0], 1.0), (_product(slope, means[1], evidence), -1.0)])
        case statistic if statistic in SAMPLE:
            less = _sum([(count, 1.0), (_known(np.array([[1.0]])), -1.0)])
            cross = _product(cross, _quotient(count, less, evidence), evidence)
            return _root(cross, evidence) if statistic in ROOT else cross
        case statistic:
            return _root(cross, evidence) if statistic in ROOT else cross


def _second(
    cross: Cross, left: Local, right: Local, count: Local, evidence: Evidence
) -> Local:
    """A second moment about the means: a mean of products less the product of means."""
    products = _quotient(_component(cross.component, evidence), count, evidence)
    lift = _known(np.array([[float(cross.lift)]]))
    means = _product(left, right, evidence)
    found = _sum([(products, 1.0), (lift, 1.0), (means, -1.0)])
    rough = found.rough + float(cross.rough)
    return Local(
        found.value, found.partials, found.shift, found.beyond, rough, found.near
    )


def _root(found: Local, evidence: Evidence) -> Local:
    """A square root, near where what is under it is well above 0."""
    root = np.sqrt(np.maximum(found.value, 0.0))
    slope = 1 / (2 * np.where(root > 0, root, 1.0))
    scaled = _sum([(found, slope)])
    margin = _width(found, evidence, 0.95) / np.where(root > 0, found.value, 1e-300)
    near = scaled.near & (margin < 1)
    return Local(root, scaled.partials, scaled.shift, scaled.beyond, scaled.rough, near)
