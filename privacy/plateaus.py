"""Find the values that a question itself gives to the rows it does not mean.

    CASE WHEN age = 37 THEN pay ELSE 0 END      pay * (1 - CLAMP(ABS(age - 37), 0, 1))

are 0 for all but a few chosen rows, so what is computed of them rests on those few. The
expression is cut into pieces where it chooses (a CASE, the ends of a CLAMP, what
rounding takes for 0); a piece that public bounds prove to be one value is a plateau. A
column's own values are none, however frequent one of them is.

Not all choices are found, and none need be for differential privacy: this decides only
which rows a certificate counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import product
from typing import Final, TypeAlias

from privacy.catalogue import Type, Value
from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.semantics import rescale, value_of

Piece: TypeAlias = tuple[Value | None, Value | None]
"""The least and the greatest value that some of the rows may have."""

MOST: Final = 64
"""Combinations of pieces that are looked at; an expression of more is one piece."""

_FAR: Final = 2**62
_WIDE: Final = 10

_MONOTONE: Final = frozenset(
    {
        *(Function.ADD, Function.SUBTRACT, Function.MULTIPLY, Function.NEGATE),
        *(Function.FLOOR, Function.CEIL, Function.ROUND, Function.CLAMP),
        *(Function.LEAST, Function.GREATEST),
    }
)
"""Functions that rise or fall in each argument: their ends are at the corners."""

_COARSE: Final = frozenset(
    {Function.FLOOR, Function.CEIL, Function.ROUND, Function.MODULO}
)
_OWN: Final = frozenset(
    {Function.CLAMP, Function.COALESCE, Function.FLOOR, Function.CEIL, Function.ROUND}
)


def plateaus(expression: Expression) -> tuple[Value, ...]:
    """The values that a question gives to rows of its choice, in order."""
    if _is_own(expression):
        return ()
    found = {low for low, high in pieces(expression) if low == high and low is not None}
    return tuple(sorted(found))


def is_step(expression: Expression) -> bool:
    """Whether every row has a value that the question gave it."""
    return all(low == high and low is not None for low, high in pieces(expression))


def pieces(expression: Expression) -> frozenset[Piece]:
    """The ranges an expression's values are in, one for each choice it makes."""
    match expression:
        case Literal(value):
            return frozenset() if value is None else frozenset({(value, value)})
        case Case(branches=branches, default=default):
            values = [value for _, value in branches] + ([default] if default else [])
            return _any_of(values, expression.domain.scale)
        case Call(Function.COALESCE, arguments):
            return _any_of(arguments, expression.domain.scale)
        case Call(Function.NULLIF, (value, _)):
            return pieces(value)
        case Call() if expression.domain.type is Type.NUMBER:
            return _of_call(expression)
        case _:
            return frozenset({_range(expression)})


def _any_of(values: Iterable[Expression], scale: int) -> frozenset[Piece]:
    """The pieces of several expressions, at one scale."""
    return frozenset().union(
        *(_at(pieces(each), each.domain.scale, scale) for each in values)
    )


def _at(found: frozenset[Piece], scale: int, to: int) -> frozenset[Piece]:
    """The same pieces at another decimal scale."""
    if scale == to:
        return found
    ends = ([_whole(low), _whole(high)] for low, high in found)
    return frozenset(
        (rescale(low, scale, to), rescale(high, scale, to)) for low, high in ends
    )


def _whole(value: Value | None) -> int:
    """Numbers are whole, unscaled; a scale is of a number alone."""
    if not isinstance(value, int):
        raise TypeError("what has decimals is a number")
    return value


def _is_own(expression: Expression) -> bool:
    """A column, or one that is rounded, or clamped to a fair part of its range."""
    match expression:
        case ColumnOf():
            return True
        case Call(function, (ColumnOf() as column, *rest)) if function in _OWN:
            plain = all(isinstance(each, Literal) for each in rest)
            return plain and not _is_narrow(expression, column)
        case _:
            return False


def _is_narrow(expression: Expression, column: ColumnOf) -> bool:
    """Whether it keeps less than a tenth of the column's range."""
    if expression.domain.type is not Type.NUMBER:
        return False
    low, high = map(_whole, _range(expression))
    least, most = map(_whole, _range(column))
    kept, whole = high - low, most - least
    units, finer = Fraction(10) ** column.domain.scale, expression.domain.scale
    return bool(_WIDE * kept * units < whole * Fraction(10) ** finer)


def _range(expression: Expression) -> Piece:
    """What is publicly known; of a number whose ends are not, more than there is."""
    domain = expression.domain
    if domain.type is not Type.NUMBER:
        return (None, None)
    lower, upper = domain.lower, domain.upper
    return (-_FAR if lower is None else lower, _FAR if upper is None else upper)


def _of_call(call: Call) -> frozenset[Piece]:
    parts = [pieces(each) for each in call.arguments]
    combined = 1
    for each in parts:
        combined *= len(each)
    if combined > MOST:
        return frozenset({_range(call), *_cut(call, parts)})
    whole = (_piece(call, combination) for combination in product(*parts))
    return frozenset({*whole, *_cut(call, parts)})


def _piece(call: Call, ranges: tuple[Piece, ...]) -> Piece:
    """The range of a function of ranges."""
    scales = [each.domain.scale for each in call.arguments]
    function = call.function
    points = all(low == high and low is not None for low, high in ranges)
    divides = function is Function.DIVIDE and _has_sign(ranges[1])
    if not (points or divides or function in _MONOTONE or function is Function.ABS):
        return _range(call)
    corners = [
        value_of(function, corner, scales, call.domain.scale)
        for corner in product(*ranges)
    ]
    if any(not isinstance(each, int) for each in corners):
        return _range(call)
    found = [each for each in corners if isinstance(each, int)]
    least, most = min(found), max(found)
    if function is Function.ABS and _has_zero(ranges[0]):
        least = 0
    return (least, most)


def _cut(call: Call, parts: list[frozenset[Piece]]) -> Iterator[Piece]:
    """The values at which a function holds what is beyond, or takes it for 0."""
    low, high = _range(call)
    for held in _held(call, parts):
        yield (held, held)
    if call.function is Function.WIDTH_BUCKET:
        yield from [(low, low), (high, high)]
    whole = call.function is Function.DIVIDE and call.domain.scale == 0
    if (whole or call.function in _COARSE) and _has_zero((low, high)):
        yield (0, 0)


def _held(call: Call, parts: list[frozenset[Piece]]) -> Iterator[int]:
    """The constants that a CLAMP, LEAST or GREATEST puts in place of other values."""
    scale = call.domain.scale
    ranges = [
        _at(part, each.domain.scale, scale)
        for part, each in zip(parts, call.arguments, strict=True)
    ]
    if call.function is Function.CLAMP:
        values, floors, ceilings = ranges
        yield from _over(floors, values, sign=-1)
        yield from _over(ceilings, values, sign=1)
    elif call.function in {Function.LEAST, Function.GREATEST}:
        sign = 1 if call.function is Function.LEAST else -1
        for place, bounds in enumerate(ranges):
            for other in (*ranges[:place], *ranges[place + 1 :]):
                yield from _over(bounds, other, sign=sign)


def _over(
    bounds: frozenset[Piece], values: frozenset[Piece], *, sign: int
) -> Iterator[int]:
    """Those constant bounds that some values may be beyond, above (1) or below (−1)."""
    far = [end for pair in values for end in pair if isinstance(end, int)]
    for bound, last in bounds:
        if not isinstance(bound, int) or bound != last:
            continue
        if any(sign * end > sign * bound for end in far):
            yield bound


def _has_zero(ends: Piece) -> bool:
    low, high = ends
    return isinstance(low, int) and isinstance(high, int) and low <= 0 <= high


def _has_sign(ends: Piece) -> bool:
    return all(isinstance(each, int) for each in ends) and not _has_zero(ends)
