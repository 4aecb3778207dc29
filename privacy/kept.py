"""What a condition keeps of the one column that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Final

from privacy.catalogue import Type
from privacy.expression import Call, ColumnOf, Expression, Function, Literal
from privacy.finite import MOST_STEPS, columns_of, evaluated
from privacy.spans import (
    NOTHING,
    NULL_PLACE,
    Spans,
    axis,
    place,
    spans,
    values_axis,
)
from privacy.weight import weight


@dataclass(frozen=True, slots=True)
class Kept:
    """The places of a column where a condition is true, and where it is false.

    Where it is neither it is NULL, and keeps nothing either way.
    """

    column: ColumnOf
    true: Spans
    false: Spans


def kept(condition: Expression) -> Kept | None:
    """What a condition keeps; None where it is about several columns or not understood.

    A column whose values are listed is tried out, value by value. Of others
    comparisons with constants, lists, NULL and their logic are understood.
    """
    columns = columns_of(condition)
    if columns is not None and len(columns) == 1:
        return _tried(condition, columns[0])
    return _read(condition)


def _tried(condition: Expression, column: ColumnOf) -> Kept | None:
    values = column.domain.values or ()
    if weight(condition, MOST_STEPS) * (len(values) + 1) > MOST_STEPS:
        return None
    found = {True: NOTHING, False: NOTHING}
    for outcome in found:
        places = [
            (number, number + 1)
            for number, value in enumerate(values)
            if evaluated(condition, {column: value}) is outcome
        ]
        nulls = column.domain.nullable and evaluated(condition, {column: None})
        found[outcome] = spans(places) | (NULL_PLACE if nulls is outcome else NOTHING)
    return Kept(column, found[True], found[False])


def _read(condition: Expression) -> Kept | None:
    match condition:
        case Call(Function.AND | Function.OR as function, arguments):
            return _joined(function, [_read(each) for each in arguments])
        case Call(Function.NOT, (inner,)):
            found = _read(inner)
            return None if found is None else _turned(found)
        case Call(Function.IS_NULL, (ColumnOf() as column,)):
            return _of(column, axis(column.domain) & NULL_PLACE, nulls=True)
        case Call(Function.IN, (ColumnOf() as column, *listed)):
            each_one = [_compared(Function.EQUAL, column, each) for each in listed]
            return _joined(Function.OR, [_of(column, NOTHING), *each_one])
        case Call(function, (ColumnOf() as column, Literal() as constant)):
            return _compared(function, column, constant)
        case _:
            return None


def _of(column: ColumnOf, true: Spans, *, nulls: bool = False) -> Kept:
    """A condition that is false elsewhere, but for NULL, unless it is about that."""
    whole = axis(column.domain) if nulls else values_axis(column.domain)
    return Kept(column, true, whole - true)


def _turned(found: Kept) -> Kept:
    return Kept(found.column, found.false, found.true)


def _joined(function: Function, found: list[Kept | None]) -> Kept | None:
    known = [each for each in found if each is not None]
    if len(known) < len(found) or len({each.column for each in known}) != 1:
        return None
    return reduce(_both if function is Function.AND else _either, known)


def _both(left: Kept, right: Kept) -> Kept:
    return Kept(left.column, left.true & right.true, left.false | right.false)


def _either(left: Kept, right: Kept) -> Kept:
    return Kept(left.column, left.true | right.true, left.false & right.false)


_FROM: Final[Mapping[Function, Callable[[int], tuple[int | None, int | None]]]] = (
    MappingProxyType(
        {
            Function.EQUAL: lambda at: (at, at + 1),
            Function.LESS: lambda at: (None, at),
            Function.AT_MOST: lambda at: (None, at + 1),
            Function.MORE: lambda at: (at + 1, None),
            Function.AT_LEAST: lambda at: (at, None),
        }
    )
)
"""From which place to before which a comparison holds."""


def _compared(
    function: Function, column: ColumnOf, constant: Expression
) -> Kept | None:
    if not isinstance(constant, Literal) or constant.value is None:
        return None
    if function is Function.UNEQUAL:
        found = _compared(Function.EQUAL, column, constant)
        return None if found is None else _turned(found)
    ordered = column.domain.type is not Type.TEXT or function is Function.EQUAL
    at = place(constant.value, column.domain)
    same = constant.domain.scale == column.domain.scale
    if function not in _FROM or not ordered or not same or at is None:
        return None
    whole = values_axis(column.domain)
    low, high = _FROM[function](at)
    first, last = whole.ranges[0][0], whole.ranges[-1][1]
    reach = spans([(first if low is None else low, last if high is None else high)])
    return _of(column, whole & reach)
