"""Write a row expression for DuckDB, as a tree.

Numbers are stored in whatever width they need; arithmetic is done in BIGINT, where
binding proved that it fits. Only what could outgrow its width is cast, so that a
plain column costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Type
from privacy.domains import high, low, may_be_zero
from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.nodes import (
    BIGINT,
    big,
    binary,
    cast,
    grouped,
    literal,
    minus,
    plus,
    product,
    times,
    typed_null,
    when,
)
from privacy.patterns import matches


def render(expression: Expression) -> exp.Expr:
    """Write an expression with the value its domain describes.

    A NUMBER comes out as an unscaled integer of at most 64 bits, listed TEXT that
    is a plain column as its ENUM, and anything else as its own type.
    """
    match expression:
        case ColumnOf(table, name):
            return exp.column(name, table=table or None, quoted=True)
        case Literal():
            return literal(expression)
        case Case():
            return _case(expression)
        case Call(function=function):
            return _CALLS[function](expression)


def wide(expression: Expression, scale: int) -> exp.Expr:
    """Write a number as a BIGINT at a scale at least as fine as its own."""
    if isinstance(expression, Literal):
        return _rescaled_constant(expression, scale)
    found = render(expression)
    if not _is_wide(expression):
        found = cast(found, BIGINT)
    factor = 10 ** (scale - expression.domain.scale)
    return found if factor == 1 else times(found, factor)


def _is_wide(expression: Expression) -> bool:
    """Whether DuckDB already computes an expression in BIGINT."""
    if not isinstance(expression, Call):
        return False
    return expression.function in _WIDE


def _at(expression: Expression, scale: int) -> exp.Expr:
    """A number at a scale, in whatever width it has."""
    if expression.domain.scale == scale or expression.domain.type is not Type.NUMBER:
        return plain(expression)
    return wide(expression, scale)


def plain(expression: Expression) -> exp.Expr:
    """Listed text is compared and combined as text, never as an enumeration."""
    found = render(expression)
    listed = isinstance(expression, ColumnOf) and expression.domain.values is not None
    if listed and expression.domain.type is Type.TEXT:
        return cast(found, exp.DType.VARCHAR)
    return found


def _rescaled_constant(literal: Literal, scale: int) -> exp.Expr:
    if not isinstance(literal.value, int):
        return typed_null(Type.NUMBER)
    return big(literal.value * 10 ** (scale - literal.domain.scale))


# ------------------------------------------------------------------- arithmetic


def _arithmetic(
    combined: Callable[[exp.Expr, exp.Expr], exp.Expr],
) -> Callable[[Call], exp.Expr]:
    def write(call: Call) -> exp.Expr:
        left, right = (wide(each, call.domain.scale) for each in call.arguments)
        return combined(left, right)

    return write


def _product(call: Call) -> exp.Expr:
    left, right = (wide(each, each.domain.scale) for each in call.arguments)
    return product(left, right)


def _quotient(call: Call) -> exp.Expr:
    left, right = call.arguments
    shift = call.domain.scale - left.domain.scale + right.domain.scale
    numerator = wide(left, left.domain.scale + max(shift, 0))
    denominator = wide(right, right.domain.scale + max(-shift, 0))
    return binary(exp.IntDiv, numerator, _never_zero(denominator, right))


def _remainder(call: Call) -> exp.Expr:
    left, right = (wide(each, call.domain.scale) for each in call.arguments)
    return binary(exp.Mod, left, _never_zero(right, call.arguments[1]))


def _never_zero(node: exp.Expr, divisor: Expression) -> exp.Expr:
    """Division by zero is NULL, whatever the engine would say."""
    if not may_be_zero(divisor.domain):
        return node
    return exp.Nullif(this=node, expression=big(0))


def _negation(call: Call) -> exp.Expr:
    (only,) = call.arguments
    return exp.Neg(this=grouped(wide(only, only.domain.scale)))


def _magnitude(call: Call) -> exp.Expr:
    (only,) = call.arguments
    return exp.Abs(this=wide(only, only.domain.scale))


def _floor(call: Call) -> exp.Expr:
    (only,) = call.arguments
    return _floored(wide(only, only.domain.scale), only, call.domain.scale)


def _ceil(call: Call) -> exp.Expr:
    """The floor of the negative, negated."""
    (only,) = call.arguments
    unit = 10**only.domain.scale
    value = wide(only, only.domain.scale)
    if unit == 1:
        return value
    below = _remainder_from_below(exp.Neg(this=grouped(value)), unit)
    return binary(exp.IntDiv, plus(value, below), big(unit))


def _floored(value: exp.Expr, argument: Expression, scale: int) -> exp.Expr:
    unit = 10 ** (argument.domain.scale - scale)
    if unit == 1:
        return value
    if _may_be_negative(argument):
        value = minus(value, _remainder_from_below(value.copy(), unit))
    return binary(exp.IntDiv, value, big(unit))


def _may_be_negative(expression: Expression) -> bool:
    floor = low(expression.domain)
    return floor is None or floor < 0


def _remainder_from_below(value: exp.Expr, unit: int) -> exp.Expr:
    """What is left above the next multiple below; never negative."""
    left = binary(exp.Mod, value, big(unit))
    return binary(exp.Mod, plus(left, big(unit)), big(unit))


def _round(call: Call) -> exp.Expr:
    """Half away from zero."""
    (only,) = call.arguments
    unit = 10 ** (only.domain.scale - call.domain.scale)
    value = wide(only, only.domain.scale)
    up = binary(exp.IntDiv, plus(value, big(unit // 2)), big(unit))
    if not _may_be_negative(only):
        return up
    down = binary(exp.IntDiv, minus(value.copy(), big(unit // 2)), big(unit))
    return when([(binary(exp.LT, value.copy(), big(0)), down)], up)


# ------------------------------------------------------------------ conditions


def _comparison(kind: type[exp.Binary]) -> Callable[[Call], exp.Expr]:
    def write(call: Call) -> exp.Expr:
        left, right = call.arguments
        if _in_the_list(call):
            return binary(kind, render(left), render(right))
        scale = max(left.domain.scale, right.domain.scale)
        return binary(kind, _at(left, scale), _at(right, scale))

    return write


def _in_the_list(call: Call) -> bool:
    """Whether listed text meets only values of its list, as the engine requires."""
    first, *rest = call.arguments
    values = first.domain.values
    return (
        isinstance(first, ColumnOf)
        and first.domain.type is Type.TEXT
        and values is not None
        and all(isinstance(each, Literal) and each.value in values for each in rest)
    )


def _in(call: Call) -> exp.Expr:
    first, *candidates = call.arguments
    if not candidates:
        return _never(first)
    kept = render(first) if _in_the_list(call) else plain(first)
    return exp.In(this=grouped(kept), expressions=[render(each) for each in candidates])


def _never(expression: Expression) -> exp.Expr:
    """FALSE, or NULL where the expression is."""
    if not expression.domain.nullable:
        return exp.Boolean(this=False)
    absent = exp.Is(this=grouped(render(expression)), expression=exp.Null())
    return when([(absent, typed_null(Type.BOOLEAN))], exp.Boolean(this=False))


def _logic(kind: type[exp.Connector]) -> Callable[[Call], exp.Expr]:
    def write(call: Call) -> exp.Expr:
        first, *rest = (grouped(render(each)) for each in call.arguments)
        for each in rest:
            first = kind(this=first, expression=each)
        return first

    return write


def _not(call: Call) -> exp.Expr:
    return exp.Not(this=grouped(render(call.arguments[0])))


def _is_null(call: Call) -> exp.Expr:
    return exp.Is(this=grouped(render(call.arguments[0])), expression=exp.Null())


def _like(call: Call) -> exp.Expr:
    value, pattern = call.arguments
    text = pattern.value if isinstance(pattern, Literal) else ""
    folded = call.function is Function.ILIKE
    return matches(plain(value), str(text), ignoring_case=folded)


# --------------------------------------------------------------------- choices


def _case(case: Case) -> exp.Expr:
    scale = case.domain.scale
    branches = [(render(when), _at(then, scale)) for when, then in case.branches]
    default = None if case.default is None else _at(case.default, scale)
    return when(branches, default)


def _coalesce(call: Call) -> exp.Expr:
    first, *rest = (_at(each, call.domain.scale) for each in call.arguments)
    return exp.Coalesce(this=first, expressions=rest)


def _nullif(call: Call) -> exp.Expr:
    value, other = (_at(each, call.domain.scale) for each in call.arguments)
    return exp.Nullif(this=value, expression=other)


def _extreme(kind: type[exp.Func]) -> Callable[[Call], exp.Expr]:
    """DuckDB's LEAST and GREATEST pass over NULLs; the language's do not."""

    def write(call: Call) -> exp.Expr:
        first, *rest = (_at(each, call.domain.scale) for each in call.arguments)
        found = kind(this=first, expressions=rest, ignore_nulls=True)
        absent = [
            exp.Is(this=grouped(render(each)), expression=exp.Null())
            for each in call.arguments
            if each.domain.nullable
        ]
        if not absent:
            return found
        any_absent: exp.Expr = absent[0]
        for each in absent[1:]:
            any_absent = exp.Or(this=any_absent, expression=each)
        return when([(any_absent, typed_null(call.domain.type))], found)

    return write


def _clamp(call: Call) -> exp.Expr:
    """Only the bounds that public ones do not imply; NULL falls through to itself."""
    value, lower, upper = call.arguments
    scale = call.domain.scale
    found = _at(value, scale)
    bounds: list[tuple[type[exp.Binary], exp.Expr]] = []
    if _below(value, lower, scale):
        bounds.append((exp.LT, render(lower)))
    if _above(value, upper, scale):
        bounds.append((exp.GT, render(upper)))
    if value.domain.nullable:
        branches = [
            (binary(kind, found.copy(), end), end.copy()) for kind, end in bounds
        ]
        return when(branches, found) if branches else found
    for kind, end in bounds:
        limit = exp.Greatest if kind is exp.LT else exp.Least
        found = limit(this=found, expressions=[end], ignore_nulls=True)
    return found


def _below(value: Expression, bound: Expression, scale: int) -> bool:
    """Whether a value can be below a bound."""
    floor, least = low(value.domain), low(bound.domain)
    factor = 10 ** (scale - value.domain.scale)
    return floor is None or least is None or floor * factor < least


def _above(value: Expression, bound: Expression, scale: int) -> bool:
    """Whether a value can be above a bound."""
    ceiling, most = high(value.domain), high(bound.domain)
    factor = 10 ** (scale - value.domain.scale)
    return ceiling is None or most is None or ceiling * factor > most


def _width_bucket(call: Call) -> exp.Expr:
    value, lower, upper, count = call.arguments
    scale = max(each.domain.scale for each in call.arguments[:3])
    written, least, most = (wide(each, scale) for each in (value, lower, upper))
    buckets = wide(count, 0)
    width = minus(most.copy(), least.copy())
    above = minus(written, least)
    place = binary(exp.IntDiv, product(above, buckets), width)
    return when(
        [
            (binary(exp.LT, written.copy(), least.copy()), big(0)),
            (binary(exp.GTE, written.copy(), most), plus(buckets.copy(), big(1))),
        ],
        plus(place, big(1)),
    )


# ----------------------------------------------------------------------- dates


def _part(call: Call) -> exp.Expr:
    argument = render(call.arguments[0])
    return exp.Anonymous(this=call.function.value, expressions=[argument])


_CALLS: Final[Mapping[Function, Callable[[Call], exp.Expr]]] = MappingProxyType(
    {
        Function.ADD: _arithmetic(plus),
        Function.SUBTRACT: _arithmetic(minus),
        Function.MULTIPLY: _product,
        Function.DIVIDE: _quotient,
        Function.MODULO: _remainder,
        Function.NEGATE: _negation,
        Function.ABS: _magnitude,
        Function.FLOOR: _floor,
        Function.CEIL: _ceil,
        Function.ROUND: _round,
        Function.LEAST: _extreme(exp.Least),
        Function.GREATEST: _extreme(exp.Greatest),
        Function.CLAMP: _clamp,
        Function.EQUAL: _comparison(exp.EQ),
        Function.UNEQUAL: _comparison(exp.NEQ),
        Function.LESS: _comparison(exp.LT),
        Function.AT_MOST: _comparison(exp.LTE),
        Function.MORE: _comparison(exp.GT),
        Function.AT_LEAST: _comparison(exp.GTE),
        Function.AND: _logic(exp.And),
        Function.OR: _logic(exp.Or),
        Function.NOT: _not,
        Function.IS_NULL: _is_null,
        Function.IN: _in,
        Function.LIKE: _like,
        Function.ILIKE: _like,
        Function.COALESCE: _coalesce,
        Function.NULLIF: _nullif,
        Function.YEAR: _part,
        Function.QUARTER: _part,
        Function.MONTH: _part,
        Function.DAY: _part,
        Function.DAY_OF_WEEK: _part,
        Function.HOUR: _part,
        Function.WIDTH_BUCKET: _width_bucket,
    }
)
_WIDE: Final = frozenset(
    {
        *(Function.ADD, Function.SUBTRACT, Function.MULTIPLY, Function.DIVIDE),
        *(Function.MODULO, Function.NEGATE, Function.ABS, Function.FLOOR),
        *(Function.CEIL, Function.ROUND, Function.WIDTH_BUCKET, Function.YEAR),
        *(Function.QUARTER, Function.MONTH, Function.DAY, Function.DAY_OF_WEEK),
        Function.HOUR,
    }
)
