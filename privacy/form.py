"""Read an output as a sum of components, or a ratio of two, where it is one.

For these the distribution of the error is known, so their intervals are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeAlias

from privacy.cut import Tail
from privacy.expression import Call, Expression, Function, Literal
from privacy.moments import ends_of
from privacy.plan import Component, Plan
from privacy.query import (
    AggregateRef,
    Constant,
    Operation,
    Operator,
    Post,
    Statistic,
)
from privacy.ranks import Order
from privacy.reading import AnyReading, Reading, Spread


@dataclass(frozen=True, slots=True)
class Linear:
    """Σ coefficient · component + constant, components by position.

    Coefficients include the components' decimal scales and are never 0.
    """

    terms: tuple[tuple[int, Fraction], ...]
    constant: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Ratio:
    """offset + multiplier · numerator / denominator, the multiplier not 0.

    `lower` and `upper` bound numerator / denominator by public facts; both are
    None where nothing is known. `counted`: the denominator is the number of rows
    an average is over, which is at least 1 where there is anything to average.
    `left_out` are the sum and count of the rows it is not over, `reach` how far a
    value can be from 0 in either. `past` counts the values past each bound beyond
    which they are told as their average.
    """

    numerator: Linear
    denominator: Linear
    lower: Fraction | None = None
    upper: Fraction | None = None
    multiplier: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    counted: bool = False
    left_out: tuple[Linear, Linear] | None = None
    reach: Fraction = Fraction(0)
    past: tuple[tuple[Linear, Tail], ...] = ()


Form: TypeAlias = Linear | Ratio


_LARGEST: Final = 10**50
"""Beyond it, or below its inverse, a coefficient is of no use, and floats give out."""


def form(post: Post, plan: Plan) -> Form | None:
    """The form of an expression over aggregates, None where it has neither form."""
    found = _form(post, plan)
    return found if found is None or _is_moderate(found) else None


def _is_moderate(value: Form) -> bool:
    match value:
        case Linear(terms, constant):
            numbers = [constant, *(coefficient for _, coefficient in terms)]
        case Ratio(multiplier=multiplier, offset=offset):
            numbers = [multiplier, offset]
    return all(not n or 1 / _LARGEST < abs(n) < _LARGEST for n in numbers)


def _form(post: Post, plan: Plan) -> Form | None:
    match post:
        case AggregateRef(position):
            return form_of(plan.readings[position], plan)
        case Constant(value) if isinstance(value, Fraction):
            return Linear((), value)
        case Operation(operator, arguments):
            return _operation(operator, arguments, plan)
        case _:
            return None


def _operation(
    operator: Operator, arguments: tuple[Post, ...], plan: Plan
) -> Form | None:
    match operator, arguments:
        case Operator.NEGATE, (only,):
            return _scaled(form(only, plan), Fraction(-1))
        case Operator.ADD, (left, right):
            return _added(form(left, plan), form(right, plan))
        case Operator.SUBTRACT, (left, right):
            return _added(form(left, plan), _scaled(form(right, plan), Fraction(-1)))
        case Operator.MULTIPLY, (left, right):
            return _multiplied(form(left, plan), form(right, plan))
        case Operator.DIVIDE, (left, right):
            return _divided(form(left, plan), form(_divisor(right), plan), plan)
        case _:
            return None


def form_of(reading: AnyReading, plan: Plan) -> Form | None:
    """The form of an aggregate: a component, or an average's ratio of two.

    None for what is read off second moments, or is one of the values.
    """
    if isinstance(reading, Spread | Order):
        return None
    unit = plan.components[reading.component].unit
    total = Linear(((reading.component, unit),))
    if reading.lifted is not None:
        return Linear((*total.terms, (reading.lifted, reading.centre * unit)))
    if reading.divisor is None:
        return total
    return Ratio(
        total,
        Linear(((reading.divisor, Fraction(1)),)),
        (reading.lower - reading.centre) * unit,
        (reading.upper - reading.centre) * unit,
        offset=reading.centre * unit,
        counted=True,
        left_out=_left_out(reading, unit),
        reach=_reach(reading, plan) * unit,
        past=tuple(
            (Linear(((position, Fraction(1)),)), tail)
            for position, tail in reading.past
        ),
    )


def _left_out(reading: Reading, unit: Fraction) -> tuple[Linear, Linear] | None:
    if reading.left_out is None:
        return None
    total, count = reading.left_out
    return Linear(((total, unit),)), Linear(((count, Fraction(1)),))


def _reach(reading: Reading, plan: Plan) -> int:
    """How far a value that is summed can be from its centre, in unscaled units."""
    lower, upper, cut = reading.lower, reading.upper, reading.cut
    if cut is not None:
        finer = 10 ** (plan.components[reading.component].scale - cut.scale)
        lower, upper = cut.low * finer, cut.high * finer
    return max(abs(lower - reading.centre), abs(upper - reading.centre))


def _scaled(value: Form | None, factor: Fraction) -> Form | None:
    match value:
        case Linear(terms, constant):
            scaled = tuple((position, c * factor) for position, c in terms if factor)
            return Linear(scaled, constant * factor)
        case Ratio(multiplier=multiplier, offset=offset) if factor:
            return replace(
                value, multiplier=multiplier * factor, offset=offset * factor
            )
        case _:
            return None


def _added(left: Form | None, right: Form | None) -> Form | None:
    match left, right:
        case Linear(), Linear():
            sums: dict[int, Fraction] = dict(left.terms)
            for position, coefficient in right.terms:
                sums[position] = sums.get(position, Fraction(0)) + coefficient
            kept = tuple((position, c) for position, c in sorted(sums.items()) if c)
            return Linear(kept, left.constant + right.constant)
        case (Ratio() as ratio, Linear((), constant)):
            return replace(ratio, offset=ratio.offset + constant)
        case (Linear((), constant), Ratio() as ratio):
            return replace(ratio, offset=ratio.offset + constant)
        case _:
            return None


def _multiplied(left: Form | None, right: Form | None) -> Form | None:
    match left, right:
        case _, Linear((), constant):
            return _scaled(left, constant)
        case Linear((), constant), _:
            return _scaled(right, constant)
        case _:
            return None


def _divided(left: Form | None, right: Form | None, plan: Plan) -> Form | None:
    match left, right:
        case _, Linear((), constant):
            return _scaled(left, 1 / constant) if constant else None
        case Linear(), Linear():
            return Ratio(left, right, *_public_ends(left, right, plan))
        case _:
            return None


def _divisor(post: Post) -> Post:
    """NULLIF(x, 0) as a divisor is x: nothing is divided by 0 here anyway."""
    match post:
        case Operation(Operator.NULLIF, (inner, Constant(value))) if value == 0:
            return inner
        case _:
            return post


def _public_ends(
    numerator: Linear, denominator: Linear, plan: Plan
) -> tuple[Fraction | None, Fraction | None]:
    """What a ratio of two plain aggregates of the same rows cannot be outside of."""
    plain = not (numerator.constant or denominator.constant)
    if not plain or len(denominator.terms) != 1:
        return None, None
    ((below, divisor),) = denominator.terms
    rest = [term for term in numerator.terms if term[0] != below] or numerator.terms
    if len(rest) != 1:
        return None, None
    ((above, factor),) = rest
    shift = dict(numerator.terms).get(below, Fraction(0)) / divisor
    if above == below:
        shift = Fraction(0)
    ends = _per_row(plan.components[above], plan.components[below], plan)
    if ends is None:
        return None, None
    low, high = sorted(end * factor / divisor + shift for end in ends)
    return low, high


def _centred(argument: Expression | None) -> Expression | None:
    """What a centred argument was before a constant was taken off."""
    match argument:
        case Call(Function.SUBTRACT, (inner, Literal())):
            return inner
        case _:
            return None


def _per_row(above: Component, below: Component, plan: Plan) -> tuple[int, int] | None:
    """Bounds of `above` ÷ `below` in unscaled units, where rows above are below."""
    same = below.argument in (above.argument, _centred(above.argument))
    match below.statistic:
        case Statistic.ROWS:
            times = 1
        case Statistic.PEOPLE if below.argument is None:
            times = plan.bounded.rows_per_cell
        case Statistic.PRESENT if same and above.statistic is not Statistic.ROWS:
            times = 1
        case _:
            return None
    if above.statistic is not Statistic.SUM or above.argument is None:
        return 0, times
    lower, upper = ends_of(above.argument)
    if below.statistic is Statistic.PRESENT or (
        below.statistic is Statistic.ROWS and not above.argument.domain.nullable
    ):
        return lower, upper
    return min(0, lower) * times, max(0, upper) * times
