"""How many values columns may take among some rows, by public facts alone.

Rows of one cell agree in what they are grouped by, a condition keeps some values of a
column, and joined rows agree in what they were joined on. What nothing is said of
takes any value of its domain. NULL is a value like others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from math import prod
from typing import Final, TypeAlias

from privacy.catalogue import Type
from privacy.expression import Call, ColumnOf, Expression, Function
from privacy.kept import kept
from privacy.spans import Spans

Place: TypeAlias = tuple[str, str]
"""A column: the name its table goes by, and its own."""

Among: TypeAlias = Mapping[Place, int]
"""How many values a column takes at most; what is not named, any."""

MANY: Final = 2**62
"""More than any person has of anything."""


def place_of(column: ColumnOf) -> Place:
    """Where a column is."""
    return column.table, column.name


def values_of(column: ColumnOf, among: Among) -> int:
    """How many values a column takes: by what is known of the rows, or its domain."""
    listed = column.domain.values
    whole = MANY if listed is None else len(listed) + column.domain.nullable
    return min(whole, among.get(place_of(column), MANY))


def combinations(columns: Iterable[ColumnOf], among: Among) -> int:
    """How many combinations of values some columns take; of no columns, one."""
    return min(MANY, prod(values_of(each, among) for each in columns))


def agreeing(expressions: Iterable[Expression], among: Among) -> Among:
    """The same of rows that agree in each expression that is a plain column."""
    columns = (each for each in expressions if isinstance(each, ColumnOf))
    return {**among, **{place_of(each): 1 for each in columns}}


def meeting(condition: Expression | None, among: Among) -> Among:
    """The same of rows that meet a condition, which keeps so many of a column's values.

    Text that is not listed is known by digests, which do not count its values.
    """
    found: dict[ColumnOf, Spans] = {}
    for each in _demanded(condition):
        known = kept(each)
        if known is not None and _countable(known.column):
            earlier = found.get(known.column, known.true)
            found[known.column] = earlier & known.true
    sizes = {place_of(column): spans.size for column, spans in found.items()}
    return _tighter(among, sizes)


def all_of(conditions: tuple[Expression, ...]) -> Expression:
    """A condition that demands every one of some."""
    (*_, last) = conditions
    return last if len(conditions) == 1 else Call(Function.AND, conditions, last.domain)


def matching(conditions: Iterable[Expression]) -> Iterator[tuple[ColumnOf, ColumnOf]]:
    """The pairs of plain columns that a join's conditions make equal."""
    for each in conditions:
        for demanded in _demanded(each):
            match demanded:
                case Call(Function.EQUAL, (ColumnOf() as one, ColumnOf() as other)):
                    yield one, other
                case _:
                    pass


def renamed(
    name: str, columns: Iterable[tuple[str, Expression]], among: Among
) -> Among:
    """What is known of a relation's columns, of the columns that they are."""
    plain = [
        (place_of(each), among[name, own])
        for own, each in columns
        if isinstance(each, ColumnOf) and (name, own) in among
    ]
    return reduce(_tighter, ({place: size} for place, size in plain), {})


def _tighter(among: Among, sizes: Among) -> Among:
    least = {each: min(size, among.get(each, size)) for each, size in sizes.items()}
    return {**among, **least}


def _demanded(condition: Expression | None) -> Iterator[Expression]:
    """The conditions that all have to hold."""
    match condition:
        case None:
            return
        case Call(Function.AND, arguments):
            for each in arguments:
                yield from _demanded(each)
        case _:
            yield condition


def _countable(column: ColumnOf) -> bool:
    return column.domain.values is not None or column.domain.type is not Type.TEXT
