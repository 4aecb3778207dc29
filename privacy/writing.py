"""What writing one function may use: how its arguments are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import sqlglot.expressions as exp

from privacy.catalogue import Type
from privacy.expression import Call, ColumnOf, Expression, Function, Literal
from privacy.nodes import BIGINT, big, cast, times, typed_null


@dataclass(frozen=True, slots=True)
class Writing:
    """Writes the arguments of a function, in the width and at the scale it needs."""

    render: Callable[[Expression], exp.Expr]

    def wide(self, expression: Expression, scale: int) -> exp.Expr:
        """Write a number as a BIGINT at a scale at least as fine as its own."""
        if isinstance(expression, Literal):
            return _rescaled_constant(expression, scale)
        found = self.render(expression)
        if not _is_wide(expression):
            found = cast(found, BIGINT)
        factor = 10 ** (scale - expression.domain.scale)
        return found if factor == 1 else times(found, factor)

    def at(self, expression: Expression, scale: int) -> exp.Expr:
        """A number at a scale, in whatever width it has; anything else as it is."""
        kind = expression.domain.type
        if expression.domain.scale == scale or kind is not Type.NUMBER:
            return self.plain(expression)
        return self.wide(expression, scale)

    def plain(self, expression: Expression) -> exp.Expr:
        """Listed text is compared and combined as text, never as an enumeration."""
        found = self.render(expression)
        listed = (
            isinstance(expression, ColumnOf) and expression.domain.values is not None
        )
        if listed and expression.domain.type is Type.TEXT:
            return cast(found, exp.DType.VARCHAR)
        return found


Writer: TypeAlias = Callable[[Call, Writing], exp.Expr]
"""Writes a function of one kind."""


def _is_wide(expression: Expression) -> bool:
    """Whether DuckDB already computes an expression in BIGINT."""
    if not isinstance(expression, Call):
        return False
    return expression.function in _WIDE


def _rescaled_constant(literal: Literal, scale: int) -> exp.Expr:
    if not isinstance(literal.value, int):
        return typed_null(Type.NUMBER)
    return big(literal.value * 10 ** (scale - literal.domain.scale))


_WIDE: Final = frozenset(
    {
        *(Function.ADD, Function.SUBTRACT, Function.MULTIPLY, Function.DIVIDE),
        *(Function.MODULO, Function.NEGATE, Function.ABS, Function.FLOOR),
        *(Function.CEIL, Function.ROUND, Function.WIDTH_BUCKET, Function.YEAR),
        *(Function.QUARTER, Function.MONTH, Function.DAY, Function.DAY_OF_WEEK),
        Function.HOUR,
    }
)
