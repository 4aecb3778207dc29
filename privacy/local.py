"""Intervals by the first order of the error: where noise is small beside the figure.

A figure is written as sums, products, quotients and roots of noised components, each
with its error to first order (`first_order`). What is a ratio in the end, as a
correlation or a slope is, has the set of those ratios that fit (`ratio_set`), which
holds however large the noise is in what is divided by. Where the count of a cell is
lost in noise only bounds that hold whatever the noise (`interval`, `spread`) are used.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from privacy.centred import Moments, moments_of, squares_of
from privacy.evidence import Ends, Evidence
from privacy.first_order import (
    Local,
    added,
    component_of,
    known,
    linear_of,
    product,
    quotient,
    root,
    width_of,
)
from privacy.form import Linear, Ratio, form_of
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
from privacy.ratio_set import ratio_ends
from privacy.reading import Cross, Reading, Spread
from privacy.spread import ROOT, SAMPLE


def narrowed(post: Post, evidence: Evidence, coverage: float, wide: Ends) -> Ends:
    """The ends of an interval by its first order where that is near, within `wide`.

    The figure itself is always inside.
    """
    with np.errstate(all="ignore"):
        parts = _ratio(post, evidence)
        if parts is not None:
            above, below = parts
            value, near = above.value / below.value, above.near & below.near
            low, high = ratio_ends(above, below, evidence, coverage, wide)
        else:
            found = _local(post, evidence)
            if found is None:
                return wide
            value, near = found.value, found.near
            low, high = _transformed(post, found, evidence, coverage)
        value = np.clip(value, *wide)
        low = np.minimum(np.maximum(low, wide[0]), value)
        high = np.maximum(np.minimum(high, wide[1]), value)
    near = near & ~np.isnan(low) & ~np.isnan(high)
    return np.where(near, low, wide[0]), np.where(near, high, wide[1])


def _transformed(post: Post, found: Local, evidence: Evidence, coverage: float) -> Ends:
    """Ends on the scale on which the error is nearest to its first order.

    Of a deviation, its square.
    """
    width = width_of(found, evidence, coverage)
    if _statistic(post, evidence) not in ROOT:
        middle = found.value - found.shift
        return middle - width, middle + width
    square, width = found.value**2, 2 * found.value * width
    square = square - 2 * found.value * found.shift
    low, high = square - width, square + width
    return np.sqrt(np.maximum(low, 0)), np.sqrt(np.maximum(high, 0))


def _statistic(post: Post, evidence: Evidence) -> Statistic | None:
    match post:
        case AggregateRef(position):
            return evidence.price.plan.query.aggregates[position].statistic
        case _:
            return None


# -------------------------------------------------------------------------- ratios


def _ratio(post: Post, evidence: Evidence) -> tuple[Local, Local] | None:
    """What is divided by what in the end; None of what is no ratio."""
    match post:
        case AggregateRef(position):
            reading = evidence.price.plan.readings[position]
            if isinstance(reading, Spread):
                return _spread_ratio(moments_of(position, evidence), evidence)
            return None
        case Operation(Operator.NULLIF, (first, _)):
            return _ratio(first, evidence)
        case Operation(Operator.DIVIDE, (above, below)):
            one, other = _local(above, evidence), _local(below, evidence)
            return None if one is None or other is None else (one, other)
        case _:
            return None


def _spread_ratio(moments: Moments, evidence: Evidence) -> tuple[Local, Local] | None:
    """A correlation or a regression's coefficient as a ratio.

    A correlation is c/√(ab), and for any t > 0 no more than c over (t·a + b/t)/2, which
    is √(ab) at t = √(b/a) and flat there: so t is taken as it is noised, and the
    divisor is linear. An intercept is (m·b − c·l)/b for the means m and l.
    """
    statistic = moments.spread.statistic
    if statistic is Statistic.CORR:
        cross, (first, other) = _moments(moments, evidence)
        skew = np.sqrt(other.value / first.value)
        return cross, added([(first, skew / 2), (other, 1 / (2 * skew))])
    if statistic is Statistic.REGR_SLOPE:
        cross, (_, variance) = _moments(moments, evidence)
        return cross, variance
    if statistic is not Statistic.REGR_INTERCEPT:
        return None
    cross, (_, variance) = _moments(moments, evidence)
    dependent, independent = _means(moments, evidence)
    height = product(dependent, variance, evidence)
    fall = product(cross, independent, evidence)
    return added([(height, 1.0), (fall, -1.0)]), variance


# ---------------------------------------------------------------------- arithmetic


def _local(post: Post, evidence: Evidence) -> Local | None:
    match post:
        case AggregateRef(position):
            return _aggregate(position, evidence)
        case KeyRef(position):
            key = evidence.keys[position]
            return known(np.where(key.null, np.nan, key.values).astype(np.float64))
        case Constant(value):
            return None if value is None else known(np.array([[float(value)]]))  # type: ignore[arg-type]  # a number here
        case GroupingRef():
            return None
        case Operation(Operator.NULLIF, (first, _)):
            return _local(first, evidence)
        case Operation(operator, arguments):
            parts = [_local(each, evidence) for each in arguments]
            found = [each for each in parts if each is not None]
            whole = len(found) == len(parts)
            return _operated(operator, found, evidence) if whole else None


def _operated(
    operator: Operator, arguments: list[Local], evidence: Evidence
) -> Local | None:
    match operator, arguments:
        case Operator.NEGATE, [only]:
            return added([(only, -1.0)])
        case Operator.ADD, [left, right]:
            return added([(left, 1.0), (right, 1.0)])
        case Operator.SUBTRACT, [left, right]:
            return added([(left, 1.0), (right, -1.0)])
        case Operator.MULTIPLY, [left, right]:
            return product(left, right, evidence)
        case Operator.DIVIDE, [left, right]:
            return quotient(left, right, evidence)
        case _:
            return None


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
            return linear_of(linear, evidence)
        case Ratio(left_out=None, past=()) as ratio:
            above, below = ratio.numerator, ratio.denominator
            found = quotient(
                linear_of(above, evidence), linear_of(below, evidence), evidence
            )
            offset = known(np.array([[float(ratio.offset)]]))
            return added([(found, float(ratio.multiplier)), (offset, 1.0)])
        case _:
            return None


def _spread(moments: Moments, evidence: Evidence) -> Local:
    """A variance, covariance, correlation or regression from its moments."""
    cross, squares = _moments(moments, evidence)
    match moments.spread.statistic:
        case Statistic.CORR:
            return quotient(
                cross, root(product(*squares, evidence), evidence), evidence
            )
        case Statistic.REGR_SLOPE:
            return quotient(cross, squares[1], evidence)
        case Statistic.REGR_INTERCEPT:
            slope = quotient(cross, squares[1], evidence)
            dependent, independent = _means(moments, evidence)
            fall = product(slope, independent, evidence)
            return added([(dependent, 1.0), (fall, -1.0)])
        case statistic if statistic in SAMPLE:
            count = _count(moments, evidence)
            less = added([(count, 1.0), (known(np.array([[1.0]])), -1.0)])
            cross = product(cross, quotient(count, less, evidence), evidence)
            return root(cross, evidence) if statistic in ROOT else cross
        case statistic:
            return root(cross, evidence) if statistic in ROOT else cross


def _moments(moments: Moments, evidence: Evidence) -> tuple[Local, tuple[Local, Local]]:
    """The second moment of both, and of each with itself; itself without squares."""
    spread, count = moments.spread, _count(moments, evidence)
    left, right = _sides(moments, evidence)
    cross = _second(spread.cross, left, right, count, evidence)
    if spread.squares[1] is None:
        return cross, (cross, cross)
    first, other = squares_of(moments)
    return cross, (
        _second(first, left, left, count, evidence),
        _second(other, right, right, count, evidence),
    )


def _count(moments: Moments, evidence: Evidence) -> Local:
    """The count, near where it counts anybody; else figures are not read off it."""
    found = component_of(moments.spread.count, evidence)
    return replace(found, near=found.near & (found.value >= 1))


def _sides(moments: Moments, evidence: Evidence) -> tuple[Local, Local]:
    """The means of both, from their centres."""
    spread, count = moments.spread, _count(moments, evidence)
    left, right = (
        quotient(component_of(side.component, evidence), count, evidence)
        for side in (spread.left, spread.right)
    )
    return left, right


def _means(moments: Moments, evidence: Evidence) -> tuple[Local, Local]:
    """The means of both."""
    sides = (moments.spread.left, moments.spread.right)
    left, right = (
        added([(mean, 1.0), (known(np.array([[float(side.centre)]])), 1.0)])
        for mean, side in zip(_sides(moments, evidence), sides, strict=True)
    )
    return left, right


def _second(
    cross: Cross, left: Local, right: Local, count: Local, evidence: Evidence
) -> Local:
    """A second moment about the means: a mean of products less the product of means."""
    products = quotient(component_of(cross.component, evidence), count, evidence)
    lift = known(np.array([[float(cross.lift)]]))
    means = product(left, right, evidence)
    found = added([(products, 1.0), (lift, 1.0), (means, -1.0)])
    rough = found.rough + float(cross.rough)
    return Local(
        found.value, found.partials, found.shift, found.beyond, rough, found.near
    )
