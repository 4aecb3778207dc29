"""Write arithmetic, rounding and bands for DuckDB, in BIGINT."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.domains import low, may_be_zero
from privacy.expression import Call, Expression, Function
from privacy.nodes import big, binary, grouped, minus, plus, product, when
from privacy.writing import Writer, Writing


def _arithmetic(
    combined: Callable[[exp.Expr, exp.Expr], exp.Expr],
) -> Writer:
    def write(call: Call, writing: Writing) -> exp.Expr:
        left, right = (writing.wide(each, call.domain.scale) for each in call.arguments)
        return combined(left, right)

    return write


def _product(call: Call, writing: Writing) -> exp.Expr:
    left, right = (writing.wide(each, each.domain.scale) for each in call.arguments)
    return product(left, right)


def _quotient(call: Call, writing: Writing) -> exp.Expr:
    left, right = call.arguments
    shift = call.domain.scale - left.domain.scale + right.domain.scale
    numerator = writing.wide(left, left.domain.scale + max(shift, 0))
    denominator = writing.wide(right, right.domain.scale + max(-shift, 0))
    return binary(exp.IntDiv, numerator, _never_zero(denominator, right))


def _remainder(call: Call, writing: Writing) -> exp.Expr:
    left, right = (writing.wide(each, call.domain.scale) for each in call.arguments)
    return binary(exp.Mod, left, _never_zero(right, call.arguments[1]))


def _never_zero(node: exp.Expr, divisor: Expression) -> exp.Expr:
    """Division by zero is NULL, whatever the engine would say."""
    if not may_be_zero(divisor.domain):
        return node
    return exp.Nullif(this=node, expression=big(0))


def _negation(call: Call, writing: Writing) -> exp.Expr:
    (only,) = call.arguments
    return exp.Neg(this=grouped(writing.wide(only, only.domain.scale)))


def _magnitude(call: Call, writing: Writing) -> exp.Expr:
    (only,) = call.arguments
    return exp.Abs(this=writing.wide(only, only.domain.scale))


def _floor(call: Call, writing: Writing) -> exp.Expr:
    (only,) = call.arguments
    return _floored(writing.wide(only, only.domain.scale), only, call.domain.scale)


def _ceil(call: Call, writing: Writing) -> exp.Expr:
    """The floor of the negative, negated."""
    (only,) = call.arguments
    unit = 10**only.domain.scale
    value = writing.wide(only, only.domain.scale)
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


def _round(call: Call, writing: Writing) -> exp.Expr:
    """Half away from zero."""
    (only,) = call.arguments
    unit = 10 ** (only.domain.scale - call.domain.scale)
    value = writing.wide(only, only.domain.scale)
    up = binary(exp.IntDiv, plus(value, big(unit // 2)), big(unit))
    if not _may_be_negative(only):
        return up
    down = binary(exp.IntDiv, minus(value.copy(), big(unit // 2)), big(unit))
    return when([(binary(exp.LT, value.copy(), big(0)), down)], up)


def _width_bucket(call: Call, writing: Writing) -> exp.Expr:
    value, lower, upper, count = call.arguments
    scale = max(each.domain.scale for each in call.arguments[:3])
    written, least, most = (writing.wide(each, scale) for each in (value, lower, upper))
    buckets = writing.wide(count, 0)
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


WRITERS: Final[Mapping[Function, Writer]] = MappingProxyType(
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
        Function.WIDTH_BUCKET: _width_bucket,
    }
)
"""How each of these functions is written."""
