"""Write the terms that averages, variances and regressions are made of.

Values are centred on a public constant, which halves how far a row can move a sum,
and products are rounded to a public unit, so that sums of them fit 64 bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from privacy.catalogue import Domain, Type, Value
from privacy.expression import Call, Case, Expression, Function, Literal
from privacy.literals import ONE

_FINE_SPAN: Final = 20
"""Narrower spans gain 5% or more from a centre at half a unit."""

FARTHEST_CENTRE: Final = 2**30
"""With counts of at most 2³¹, a count times a centre is at most 2⁶¹."""

_FACTOR: Final = 2_000_000_000
"""The largest factor of a product, so that the product fits 64 bits."""

_PRODUCT: Final = 10**9
"""The largest rounded product: 4·10⁹ of them fit ±2⁶², and rounding is 10⁻⁸ of it."""


def centred(argument: Expression) -> tuple[Expression, int]:
    """The argument less a public constant that halves how far a row can move it."""
    lower, upper = ends_of(argument)
    scale = argument.domain.scale
    if (upper - lower) % 2 and upper - lower < _FINE_SPAN and abs(upper) < 2**32:
        scale, lower, upper = scale + 1, lower * 10, upper * 10
    centre = (lower + upper) // 2
    if centre == 0 and scale == argument.domain.scale:
        return argument, 0
    ends = Domain(
        Type.NUMBER, scale, lower - centre, upper - centre, argument.domain.nullable
    )
    return _less(argument, centre, ends), centre


def centred_in_units(argument: Expression) -> tuple[Expression, int]:
    """The same at the argument's own scale, so that a sum of it can be told exactly.

    As it is where its middle is so far from 0 that counts times it might not fit.
    """
    lower, upper = ends_of(argument)
    centre = (lower + upper) // 2
    if centre == 0 or abs(centre) > FARTHEST_CENTRE:
        return argument, 0
    domain = replace(
        argument.domain, lower=lower - centre, upper=upper - centre, values=None
    )
    return _less(argument, centre, domain), centre


def together(argument: Expression, other: Expression) -> Expression:
    """The argument, NULL where the other is: a pair counts where both are present."""
    if not other.domain.nullable:
        return argument
    known = Domain(Type.BOOLEAN, 0, False, True, nullable=False, values=(False, True))  # noqa: FBT003 - bounds
    absent = Call(Function.IS_NULL, (other,), known)
    present = Call(Function.NOT, (absent,), known)
    return Case(((present, argument),), None, replace(argument.domain, nullable=True))


def presence(argument: Expression) -> Expression:
    """The plainest expression that is NULL where the argument is."""
    match argument:
        case Case(((condition, value),), None) if not value.domain.nullable:
            return Case(((condition, ONE),), None, replace(ONE.domain, nullable=True))
        case _:
            return argument


def elsewhere(argument: Expression, value: Value) -> Expression:
    """The argument where it is anything but this value, NULL elsewhere."""
    known = replace(
        argument.domain, lower=value, upper=value, nullable=False, values=(value,)
    )
    domain = replace(argument.domain, nullable=True)
    return Call(Function.NULLIF, (argument, Literal(value, known)), domain)


@dataclass(frozen=True, slots=True)
class Product:
    """A rounded product less `lift`, and the most that rounding moves it by, per row.

    Both are numbers, not unscaled; |product| is at most 10⁹ units and a few.
    """

    expression: Expression
    lift: Fraction
    rough: Fraction


def product(left: Expression, right: Expression) -> Product:
    """The product of two centred values; of a square, half the largest is taken off."""
    first, second = _rounded(left, _FACTOR), _rounded(right, _FACTOR)
    whole = _rounded(_multiplied(first, second), _PRODUCT)
    rough = (
        _lost(left, first) * _reach(right)
        + _lost(right, second) * _reach(left)
        + _lost(left, first) * _lost(right, second)
        + _lost(_multiplied(first, second), whole)
    )
    lift = ends_of(whole)[1] // 2 if left == right else 0
    if lift == 0:
        return Product(whole, Fraction(0), rough)
    lower, upper = (end - lift for end in ends_of(whole))
    domain = replace(whole.domain, lower=lower, upper=upper)
    return Product(_less(whole, lift, domain), lift * unit_of(whole), rough)


def ends_of(argument: Expression) -> tuple[int, int]:
    """The public ends of what is summed, as unscaled integers; binding saw to it."""
    lower, upper = argument.domain.lower, argument.domain.upper
    if not (isinstance(lower, int) and isinstance(upper, int)):
        raise TypeError("a summed expression is bounded on both sides")
    return lower, upper


def unit_of(argument: Expression) -> Fraction:
    """What one unscaled unit of a number stands for."""
    return Fraction(10) ** -argument.domain.scale


def _less(argument: Expression, constant: int, domain: Domain) -> Expression:
    fixed = Domain(
        Type.NUMBER,
        domain.scale,
        constant,
        constant,
        nullable=False,
        values=(constant,),
    )
    return Call(Function.SUBTRACT, (argument, Literal(constant, fixed)), domain)


def _multiplied(left: Expression, right: Expression) -> Expression:
    corners = [a * b for a in ends_of(left) for b in ends_of(right)]
    lower = 0 if left == right else min(corners)
    scale = left.domain.scale + right.domain.scale
    nullable = left.domain.nullable or right.domain.nullable
    domain = Domain(Type.NUMBER, scale, lower, max(corners), nullable)
    return Call(Function.MULTIPLY, (left, right), domain)


def _rounded(argument: Expression, most: int) -> Expression:
    """The number at the finest decimal scale at which it is about `most` or less."""
    lower, upper = ends_of(argument)
    digits = 0
    while max(-lower, upper) > most * 10**digits:
        digits += 1
    if digits == 0:
        return argument
    ends = (_half_up(lower, 10**digits), _half_up(upper, 10**digits))
    domain = Domain(
        Type.NUMBER, argument.domain.scale - digits, *ends, argument.domain.nullable
    )
    return Call(Function.ROUND, (argument,), domain)


def _half_up(value: int, unit: int) -> int:
    size = (abs(value) + unit // 2) // unit
    return size if value >= 0 else -size


def _lost(argument: Expression, rounded: Expression) -> Fraction:
    """How far rounding can move a number."""
    same = argument.domain.scale == rounded.domain.scale
    return Fraction(0) if same else unit_of(rounded) / 2


def _reach(argument: Expression) -> Fraction:
    return max(abs(end) for end in ends_of(argument)) * unit_of(argument)
