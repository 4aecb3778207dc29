"""95% intervals for the exact answer on the published table, from noised values.

Sums: ± a quantile of the summed noise. Ratios: Fieller's set {θ : |N − θD| ≤ the
quantile of the noise in N − θD} (Fieller 1954), clipped to what is publicly
possible, which covers at its level by construction whatever the true ratio is.
An average over some of each person's rows is corrected by its measured bias, and its
interval widened by what is in doubt of it (`bias`); so is one of values that are told
as their average past a bound (`tails`).
Anything else: interval arithmetic over parts at 1 − 0.05/m each, which covers
at least 95% (Bonferroni), and within it the first order of the error where noise is
small beside what it is in (`local`). An end that is infinite is no bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from privacy.bias import bias_of, widened
from privacy.evaluate import rounded
from privacy.evidence import Ends, Evidence, Numbers, point
from privacy.form import Form, Linear, Ratio, form
from privacy.local import narrowed
from privacy.mechanism import Kind
from privacy.order import order_ends
from privacy.quantile import (
    COVERAGE,
    Term,
    laplace_pair_half_width,
    normal_half_width,
    smooth_scale,
    sum_half_width,
)
from privacy.query import AggregateRef, Constant, KeyRef, Operation, Operator, Post
from privacy.ranks import Order
from privacy.spread import spread_ends
from privacy.table import Figures
from privacy.tails import average_ends

__all__ = ["Evidence", "interval", "point", "ratio_point"]

_STEPS: Final = 60
_FAR: Final = 1e200
"""Stands in for a divisor where there are no ends to be found."""


def interval(post: Post, evidence: Evidence) -> Ends:
    """The ends of the 95% interval of a numeric expression over aggregates.

    Raises ValueError for an expression that is not numeric: planning refuses it.
    """
    parts = _parts(post, evidence)
    coverage = 1 - (1 - COVERAGE) / max(1, len(parts)) if len(parts) > 1 else COVERAGE
    wide = _ends(post, evidence, coverage)
    if form(post, evidence.price.plan) is not None:
        return wide
    return narrowed(post, evidence, COVERAGE, wide)


def ratio_point(ratio: Ratio, evidence: Evidence) -> Figures:
    """The noised value of a ratio, clipped to what is publicly possible.

    NULL where the noised denominator is 0, unless it counts an average's rows,
    where fewer than one row is taken for one.
    """
    above, below = point(ratio.numerator, evidence), point(ratio.denominator, evidence)
    if ratio.counted:
        below = np.maximum(below, 1.0)
    null = below == 0
    quotient = above / np.where(null, 1.0, below)
    bias = bias_of(ratio, evidence)
    if bias is not None:
        quotient = quotient - bias.shift
    return Figures(_affine(np.clip(quotient, *_limits(ratio)), ratio), null)


def _parts(post: Post, evidence: Evidence) -> frozenset[Post]:
    """The largest sums and ratios an expression is made of."""
    found = form(post, evidence.price.plan)
    if found is not None:
        return frozenset((post,)) if _depends(found) else frozenset()
    match post:
        case AggregateRef():
            return frozenset((post,))
        case Operation(_, arguments):
            return frozenset().union(*(_parts(each, evidence) for each in arguments))
        case _:
            return frozenset()


def _depends(value: Form) -> bool:
    return isinstance(value, Ratio) or bool(value.terms)


def _ends(post: Post, evidence: Evidence, coverage: float) -> Ends:
    match form(post, evidence.price.plan):
        case Linear() as linear:
            middle = point(linear, evidence)
            width = sum_half_width(_terms(linear, evidence), coverage)
            return middle - width, middle + width
        case Ratio() as ratio:
            return _ratio_ends(ratio, evidence, coverage)
        case None:
            return _composed(post, evidence, coverage)


def _composed(post: Post, evidence: Evidence, coverage: float) -> Ends:
    match post:
        case AggregateRef(position):
            return _aggregate_ends(position, evidence, coverage)
        case KeyRef(position):
            values = np.asarray(evidence.keys[position].values, dtype=np.float64)
            return values, values
        case Constant():
            nothing = np.full((1, 1), np.inf)
            return -nothing, nothing
        case Operation(Operator.NULLIF, (first, _)):
            return _ends(first, evidence, coverage)
        case Operation(Operator.ROUND, (first, *digits)):
            places = _places(digits)
            low, high = _ends(first, evidence, coverage)
            return rounded(low, places), rounded(high, places)
        case Operation(operator, arguments):
            with np.errstate(all="ignore"):
                inner = [_ends(each, evidence, coverage) for each in arguments]
                return _combined(operator, inner)
        case _:
            raise ValueError("not a numeric expression")


def _aggregate_ends(position: int, evidence: Evidence, coverage: float) -> Ends:
    if isinstance(evidence.price.plan.readings[position], Order):
        return order_ends(position, evidence)
    return spread_ends(position, evidence, coverage)


def _places(digits: list[Post]) -> int:
    match digits:
        case [Constant(value)] if isinstance(value, Fraction):
            return int(value)
        case _:
            return 0


def _combined(operator: Operator, arguments: list[Ends]) -> Ends:
    match operator, arguments:
        case Operator.NEGATE, [(low, high)]:
            return -high, -low
        case Operator.ADD, [(low, high), (lower, higher)]:
            return low + lower, high + higher
        case Operator.SUBTRACT, [(low, high), (lower, higher)]:
            return low - higher, high - lower
        case Operator.MULTIPLY, [left, right]:
            return _hull([a * b for a in left for b in right])
        case Operator.DIVIDE, [left, (lower, higher)]:
            low, high = _hull([a / b for a in left for b in (lower, higher)])
            across = (lower <= 0) & (higher >= 0)
            return np.where(across, -np.inf, low), np.where(across, np.inf, high)
        case _:
            raise ValueError("not a numeric expression")


def _hull(corners: list[Numbers]) -> Ends:
    """The least and largest; 0 · ∞ is 0, as another corner has the infinity."""
    known = np.nan_to_num(np.stack(corners), nan=0.0, posinf=np.inf, neginf=-np.inf)
    return known.min(axis=0), known.max(axis=0)


def _ratio_ends(ratio: Ratio, evidence: Evidence, coverage: float) -> Ends:
    above, below = point(ratio.numerator, evidence), point(ratio.denominator, evidence)
    with np.errstate(all="ignore"):
        low, high = _fieller(ratio, evidence, coverage, (above, below))
        bias = bias_of(ratio, evidence)
        if bias is not None:
            low, high = widened(ratio, bias, evidence, (low, high), coverage)
        if ratio.past:
            low, high = average_ends(ratio, evidence, (low, high), coverage)
    if ratio.counted:
        nobody = below < 1
        low, high = np.where(nobody, -np.inf, low), np.where(nobody, np.inf, high)
    limits = _limits(ratio)
    first, last = (_affine(np.clip(end, *limits), ratio) for end in (low, high))
    return (first, last) if ratio.multiplier > 0 else (last, first)


def _limits(ratio: Ratio) -> tuple[float, float]:
    if ratio.lower is None or ratio.upper is None:
        return -np.inf, np.inf
    return float(ratio.lower), float(ratio.upper)


def _affine(values: Numbers, ratio: Ratio) -> Numbers:
    return values * float(ratio.multiplier) + float(ratio.offset)


def _fieller(ratio: Ratio, evidence: Evidence, coverage: float, values: Ends) -> Ends:
    kinds = {mechanism.kind for mechanism in evidence.price.mechanisms}
    if kinds == {Kind.GAUSSIAN}:
        return _normal_ratio(ratio, evidence, coverage, values)
    pair = _pair(ratio)
    if pair is not None:
        return _laplace_ratio(pair, evidence, coverage, values)
    each = 1 - (1 - coverage) / 2
    forms = zip((ratio.numerator, ratio.denominator), values, strict=True)
    widths = [(v, sum_half_width(_terms(f, evidence), each)) for f, v in forms]
    return _combined(Operator.DIVIDE, [(v - w, v + w) for v, w in widths])


def _normal_ratio(
    ratio: Ratio, evidence: Evidence, coverage: float, values: Ends
) -> Ends:
    """Fieller's closed form; the discriminant is written so that nothing cancels."""
    (above, below), squared = values, normal_half_width(coverage) ** 2
    top, both, bottom = _covariances(ratio, evidence, coverage)
    leading = below**2 - squared * bottom
    middle = above * below - squared * both
    spread = below**2 * top - 2 * above * below * both + above**2 * bottom
    root = np.sqrt(
        np.maximum(squared * spread - squared**2 * (top * bottom - both**2), 0)
    )
    known = leading > 0
    divisor = np.where(known, leading, 1.0)
    low, high = (middle - root) / divisor, (middle + root) / divisor
    return np.where(known, low, -np.inf), np.where(known, high, np.inf)


def _covariances(
    ratio: Ratio, evidence: Evidence, coverage: float
) -> tuple[float, float, float]:
    """Var N, Cov(N, D) and Var D of the noise."""
    above, below = dict(ratio.numerator.terms), dict(ratio.denominator.terms)
    top = both = bottom = 0.0
    for position in sorted(above.keys() | below.keys()):
        mechanism = evidence.price.mechanisms[position]
        variance = smooth_scale(mechanism, coverage) ** 2
        n, d = float(above.get(position, 0)), float(below.get(position, 0))
        top, both, bottom = (
            top + n * n * variance,
            both + n * d * variance,
            bottom + d * d * variance,
        )
    return top, both, bottom


@dataclass(frozen=True, slots=True)
class _Pair:
    """N = own · X + shared · Y + …, D = divisor · Y + …, by position of X and Y."""

    own: tuple[int, float]
    divisor: tuple[int, float]
    shared: float


def _pair(ratio: Ratio) -> _Pair | None:
    if len(ratio.denominator.terms) != 1:
        return None
    ((below, divisor),) = ratio.denominator.terms
    shared = dict(ratio.numerator.terms).get(below, Fraction(0))
    own = [term for term in ratio.numerator.terms if term[0] != below]
    if len(own) != 1:
        return None
    ((above, factor),) = own
    return _Pair((above, float(factor)), (below, float(divisor)), float(shared))


def _laplace_ratio(
    pair: _Pair, evidence: Evidence, coverage: float, values: Ends
) -> Ends:
    """Fieller's set for two Laplaces: the noise in N − θD is X + rY, r from θ.

    With θ = κ + t the set is |N − κD − tD| ≤ the quantile at |t|, which is convex
    in t, so from the ratio itself Newton's steps approach each end from inside.
    Where |D| is within the quantile of its own noise the set has no ends.
    """
    mechanisms = evidence.price.mechanisms
    own = abs(pair.own[1]) * smooth_scale(mechanisms[pair.own[0]], coverage)
    other = abs(pair.divisor[1]) * smooth_scale(mechanisms[pair.divisor[0]], coverage)
    shift = pair.shared / pair.divisor[1]
    sign = np.where(values[1] < 0, -1.0, 1.0)
    above, below = sign * (values[0] - shift * values[1]), np.abs(values[1])
    known = below > -np.log(1 - coverage) * other
    ends = _laplace_ends(above, np.where(known, below, _FAR), own, other, coverage)
    low, high = ends + shift
    return np.where(known, low, -np.inf), np.where(known, high, np.inf)


def _laplace_ends(
    above: Numbers, below: Numbers, own: float, other: float, coverage: float
) -> Numbers:
    """Both ends of {t : |above − t·below| ≤ quantile of own·X + t·other·Y}."""
    side = np.array([-1.0, 1.0]).reshape(2, *(1 for _ in above.shape))
    ends = np.stack((above / below, above / below))
    for _ in range(_STEPS):
        width, slope = laplace_pair_half_width(np.abs(ends) * (other / own), coverage)
        short = own * width - side * (ends * below - above)
        rise = side * below - other * slope * np.where(ends < 0, -1.0, 1.0)
        step = short / rise
        ends = ends + step
        if np.all(np.abs(step) <= 1e-12 * np.abs(ends)):
            break
    return ends


def _terms(value: Linear, evidence: Evidence) -> tuple[Term, ...]:
    return tuple(
        (coefficient, evidence.price.mechanisms[position])
        for position, coefficient in value.terms
    )
