"""Compute expressions over released figures, all draws and cells at once.

Post-processing only. Every operation is total: NULL in gives NULL out but for
three-valued logic, dividing by zero gives NULL, and so does leaving the range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from privacy.query import Constant, Operation, Operator, Post
from privacy.table import Figures

_ARITHMETIC: Final[Mapping[Operator, Callable[..., Any]]] = MappingProxyType(
    {
        Operator.ADD: np.add,
        Operator.SUBTRACT: np.subtract,
        Operator.MULTIPLY: np.multiply,
        Operator.DIVIDE: np.divide,
        Operator.NEGATE: np.negative,
    }
)
_COMPARISON: Final[Mapping[Operator, Callable[..., Any]]] = MappingProxyType(
    {
        Operator.EQUAL: np.equal,
        Operator.UNEQUAL: np.not_equal,
        Operator.LESS: np.less,
        Operator.AT_MOST: np.less_equal,
        Operator.MORE: np.greater,
        Operator.AT_LEAST: np.greater_equal,
    }
)


def evaluate(post: Post, known: Mapping[Post, Figures]) -> Figures:
    """The value of an expression, given those of its keys and aggregates.

    Numbers are float64, truth values bool, text and dates objects. The result has
    a shape that broadcasts to (draws, cells). Expressions already known are taken
    as they are; raises KeyError for a key or aggregate that is not.
    """
    if post in known:
        return known[post]
    match post:
        case Constant(value):
            return constant(value)
        case Operation(operator, arguments):
            return _apply(operator, [evaluate(each, known) for each in arguments])
        case _:
            raise KeyError("a key or an aggregate whose value is not known")


def constant(value: object) -> Figures:
    """One value everywhere; None is NULL."""
    if isinstance(value, Fraction | bool | None):
        number = float(value or 0) if not isinstance(value, bool) else value
        return Figures(np.array([[number]]), np.array([[value is None]]))
    held = np.empty((1, 1), dtype=object)
    held[0, 0] = value
    return Figures(held, np.zeros((1, 1), dtype=bool))


def rounded(
    values: NDArray[np.float64], digits: NDArray[np.float64] | int
) -> NDArray[np.float64]:
    """Round to so many decimals, half away from zero as SQL does."""
    unit = np.power(10.0, np.asarray(digits, dtype=np.float64))
    result: NDArray[np.float64] = (
        np.sign(values) * np.floor(np.abs(values) * unit + 0.5) / unit
    )
    return np.where(np.isfinite(result), result, values)


def _apply(operator: Operator, arguments: list[Figures]) -> Figures:
    with np.errstate(all="ignore"):
        if operator in _ARITHMETIC:
            return _arithmetic(operator, arguments)
        if operator in _COMPARISON:
            return _comparison(operator, arguments)
        return _SPECIAL[operator](arguments)


def _arithmetic(operator: Operator, arguments: list[Figures]) -> Figures:
    values = _ARITHMETIC[operator](*(each.values for each in arguments))
    return _finite(values, _any_null(arguments))


def _finite(values: NDArray[np.float64], null: NDArray[np.bool_]) -> Figures:
    outside = ~np.isfinite(values)
    return Figures(np.where(outside, 0.0, values), null | outside)


def _comparison(operator: Operator, arguments: list[Figures]) -> Figures:
    null = _any_null(arguments)
    if null.all():
        return Figures(np.zeros(null.shape, dtype=bool), null)
    try:
        values = _COMPARISON[operator](*(each.values for each in arguments))
    except TypeError:  # values of different types; binding lets none through
        return Figures(
            np.zeros(null.shape, dtype=bool), np.ones(null.shape, dtype=bool)
        )
    return Figures(np.asarray(values, dtype=bool), null)


def _any_null(arguments: list[Figures]) -> NDArray[np.bool_]:
    return reduce(np.logical_or, (each.null for each in arguments))


def _and(arguments: list[Figures]) -> Figures:
    return _not([_or([_not([each]) for each in arguments])])


def _or(arguments: list[Figures]) -> Figures:
    true = reduce(np.logical_or, map(_true, arguments))
    return Figures(true, _any_null(arguments) & ~true)


def _true(figures: Figures) -> NDArray[np.bool_]:
    return np.asarray(figures.values, dtype=bool) & ~figures.null


def _not(arguments: list[Figures]) -> Figures:
    (only,) = arguments
    return Figures(~np.asarray(only.values, dtype=bool), only.null)


def _is_null(arguments: list[Figures]) -> Figures:
    (only,) = arguments
    return Figures(only.null, np.zeros(only.null.shape, dtype=bool))


def _in(arguments: list[Figures]) -> Figures:
    first, *rest = arguments
    return _or([_comparison(Operator.EQUAL, [first, each]) for each in rest])


def _nullif(arguments: list[Figures]) -> Figures:
    first, _ = arguments
    same = _comparison(Operator.EQUAL, arguments)
    null = first.null | _true(same)
    return Figures(np.broadcast_to(first.values, null.shape), null)


def _round(arguments: list[Figures]) -> Figures:
    first, *digits = arguments
    places = digits[0].values if digits else 0
    return Figures(rounded(first.values, places), _any_null(arguments))


_SPECIAL: Final[Mapping[Operator, Callable[[list[Figures]], Figures]]] = (
    MappingProxyType(
        {
            Operator.AND: _and,
            Operator.OR: _or,
            Operator.NOT: _not,
            Operator.IS_NULL: _is_null,
            Operator.IN: _in,
            Operator.NULLIF: _nullif,
            Operator.ROUND: _round,
        }
    )
)
