"""What holds of a row in which an expression is not NULL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from privacy.expression import Call, Case, Expression, Function

_STRICT: Final = frozenset(
    (
        *(Function.ADD, Function.SUBTRACT, Function.MULTIPLY, Function.DIVIDE),
        *(Function.NEGATE, Function.ABS, Function.ROUND, Function.NULLIF),
    )
)
"""Functions that are NULL where their first argument is."""


def demanded_by(expression: Expression | None) -> Iterator[Expression]:
    """Conditions that are true of every row in which an expression is not NULL.

    Of CASE WHEN condition THEN value END, as FILTER is written, of what is computed
    from one or present beside one: those of others are not looked for.
    """
    match expression:
        case Case(
            ((Call(Function.NOT, (Call(Function.IS_NULL, (other,)),)), value),), None
        ):
            yield from demanded_by(other)
            yield from demanded_by(value)
        case Case(((condition, value),), None):
            yield condition
            yield from demanded_by(value)
        case Call(function, (first, *_)) if function in _STRICT:
            yield from demanded_by(first)
        case _:
            return
