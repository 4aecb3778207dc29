"""How long an expression is once it is written out for the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from privacy.expression import Call, Case, Expression, Function

MOST_WEIGHT: Final = 20_000
"""The longest that all expressions of a question together may be."""

MOST_REPEATED: Final = 2_000
"""The longest that one expression may become by being compared several times."""

_TIMES: Final[Mapping[Function, int]] = MappingProxyType(
    {
        Function.CLAMP: 3,
        Function.WIDTH_BUCKET: 3,
        Function.FLOOR: 3,
        Function.CEIL: 3,
        Function.ROUND: 3,
        Function.LEAST: 2,
        Function.GREATEST: 2,
        Function.IN: 2,
    }
)
"""How often the compiler may write the arguments of a function."""


def weight(expression: Expression, most: int) -> int:
    """Count what an expression is written with, stopping once past `most`.

    Repeated parts count as often as they are written, so this never takes more
    than `most` steps, however an expression was nested.
    """
    waiting = [expression]
    found = 0
    while waiting and found <= most:
        found += 1
        waiting.extend(_written(waiting.pop()))
    return found


def _written(expression: Expression) -> Iterator[Expression]:
    match expression:
        case Call(function, arguments):
            yield from arguments * _TIMES.get(function, 1)
        case Case(branches, default):
            for condition, value in branches:
                yield condition
                yield value
            if default is not None:
                yield default
        case _:
            return
