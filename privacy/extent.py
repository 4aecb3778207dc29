"""Which rows a question's figures are about, so that two questions can be compared.

It is read off the bound question and public facts alone. A question falls into groups:
the relation that is asked, with every condition taken out of it; what the conditions
keep of each column; and the keys. Subqueries that only choose rows and name columns
are read through, so that equal meanings mostly have equal groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import Final

from privacy.canonical import row_text
from privacy.domains import boolean
from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.finite import MOST_STEPS, columns_of, evaluated
from privacy.kept import kept
from privacy.opened import Opened, opened
from privacy.query import Aggregate, BoundQuery, Statistic
from privacy.spans import NOTHING, NULL_PLACE, Spans, axis, share, spans
from privacy.weight import weight

COUNT: Final = "COUNT"
_COUNTS: Final = frozenset({Statistic.ROWS, Statistic.PRESENT, Statistic.PEOPLE})
_TOTALS: Final = frozenset({Statistic.SUM, Statistic.MEAN})


@dataclass(frozen=True, slots=True)
class Axis:
    """A column of a relation, by its text there: what it is called, and its places."""

    text: str
    name: str = field(compare=False)
    whole: Spans = field(compare=False)


@dataclass(frozen=True, slots=True)
class Joint:
    """A condition about several columns: its text and what they are called.

    `share` is that of the rows it would keep if public values were equally frequent.
    """

    text: str
    names: frozenset[str]
    share: Fraction


@dataclass(frozen=True, slots=True)
class Box:
    """The rows that meet some conditions: columns with what is kept of them.

    `other` are the conditions that are about several columns.
    """

    columns: Mapping[Axis, Spans]
    other: frozenset[Joint]

    def __hash__(self) -> int:
        """Equal boxes have equal hashes."""
        return hash((frozenset(self.columns.items()), self.other))


@dataclass(frozen=True, slots=True)
class By:
    """A key: its text, and the places of its one column that have each value.

    Without a column where it is about several, or its values are not listed.
    """

    text: str
    column: Axis | None = None
    parts: tuple[Spans, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Rows by keys, and the figures that are asked of each part."""

    relation: str
    box: Box
    keys: tuple[By, ...]
    figures: frozenset[str]


def groups(query: BoundQuery) -> tuple[Group, ...]:
    """The groups of a question, for each of its grouping sets."""
    source = opened(query.relation)
    here = [] if query.where is None else [source.read(query.where)]
    base = [*source.conditions, *here]
    found: dict[Box, set[str]] = {}
    for aggregate in query.aggregates:
        for figure, conditions in _figures(aggregate, source):
            found.setdefault(_box([*base, *conditions]), set()).add(figure)
    keys = [_by(source.read(each.expression)) for each in query.keys]
    sets = query.sets or (tuple(range(len(keys))),)
    return tuple(
        Group(
            source.text,
            box,
            tuple(keys[each] for each in chosen),
            frozenset(figures),
        )
        for chosen in sets
        for box, figures in found.items()
    )


def _figures(
    aggregate: Aggregate, source: Opened
) -> Iterator[tuple[str, tuple[Expression, ...]]]:
    """What an aggregate says of which rows: FILTER is a condition, an AVG is two."""
    statistic = aggregate.statistic
    conditions, argument = _chosen(aggregate, source)
    if statistic in _COUNTS or isinstance(argument, Literal):
        yield COUNT, (*conditions, *_present(argument))
    elif statistic in _TOTALS and argument is not None:
        yield f"SUM {row_text(argument)}", conditions
        if statistic is Statistic.MEAN:
            yield COUNT, (*conditions, *_present(argument))
    elif argument is not None:
        other = aggregate.other
        also = "" if other is None else row_text(source.read(other))
        name = f"{statistic.value} {row_text(argument)} {also} {aggregate.at}"
        yield name, conditions


def _chosen(
    aggregate: Aggregate, source: Opened
) -> tuple[tuple[Expression, ...], Expression | None]:
    """The rows an aggregate means by CASE WHEN, and what it is of in those."""
    if aggregate.argument is None:
        return (), None
    match source.read(aggregate.argument):
        case Case(((when, then),), None):
            return (when,), then
        case Case(((when, then),), Literal(0)) if aggregate.statistic is Statistic.SUM:
            return (when,), then
        case argument:
            return (), argument


def _present(argument: Expression | None) -> tuple[Expression, ...]:
    if argument is None or not argument.domain.nullable:
        return ()
    yes_or_no = boolean(nullable=False)
    missing = Call(Function.IS_NULL, (argument,), yes_or_no)
    return (Call(Function.NOT, (missing,), yes_or_no),)


def _box(conditions: list[Expression]) -> Box:
    columns: dict[Axis, Spans] = {}
    other: set[Joint] = set()
    for each in conditions:
        for part in _parts(each):
            found = kept(part)
            if found is None:
                other.add(Joint(row_text(part), _names(part), _share(part)))
            else:
                column = _axis(found.column)
                columns[column] = columns.get(column, column.whole) & found.true
    limited = {c: s for c, s in columns.items() if s != c.whole}
    return Box(limited, frozenset(other))


def _axis(column: ColumnOf) -> Axis:
    return Axis(row_text(column), column.name, axis(column.domain))


def _parts(condition: Expression) -> Iterator[Expression]:
    """What has to be true for a condition to be, each by itself."""
    match condition:
        case Call(Function.AND, arguments):
            for each in arguments:
                yield from _parts(each)
        case Call(Function.NOT, (Call(Function.OR, arguments),)):
            for each in arguments:
                yield from _parts(Call(Function.NOT, (each,), condition.domain))
        case Call(Function.NOT, (Call(Function.NOT, (inner,)),)):
            yield from _parts(inner)
        case _:
            yield condition


def _share(condition: Expression) -> Fraction:
    """The share of rows it keeps if public values were equally frequent.

    A half where nothing is known.
    """
    found = kept(condition)
    if found is not None:
        return share(found.true, axis(found.column.domain))
    match condition:
        case Call(Function.AND, arguments):
            return prod(map(_share, arguments), start=Fraction(1))
        case Call(Function.OR, arguments):
            return 1 - prod((1 - _share(each) for each in arguments), start=Fraction(1))
        case Call(Function.NOT, (inner,)):
            return 1 - _share(inner)
        case _:
            return Fraction(1, 2)


def _names(expression: Expression) -> frozenset[str]:
    """The columns that an expression reads."""
    match expression:
        case ColumnOf(name=name):
            return frozenset({name})
        case Call(arguments=arguments):
            return frozenset().union(*map(_names, arguments))
        case Case(branches, default):
            parts = [each for branch in branches for each in branch]
            parts += [] if default is None else [default]
            return frozenset().union(*map(_names, parts))
        case _:
            return frozenset()


def _by(key: Expression) -> By:
    """A key, by the places of its column where that can be tried out."""
    text, columns = row_text(key), columns_of(key)
    if columns is None or len(columns) != 1:
        return By(text)
    (column,) = columns
    values = column.domain.values or ()
    if weight(key, MOST_STEPS) * (len(values) + 1) > MOST_STEPS:
        return By(text)
    found: dict[object, Spans] = {}
    for number, value in enumerate(values):
        outcome = evaluated(key, {column: value})
        here = spans([(number, number + 1)])
        found[outcome] = found.get(outcome, NOTHING) | here
    if column.domain.nullable:
        outcome = evaluated(key, {column: None})
        found[outcome] = found.get(outcome, NOTHING) | NULL_PLACE
    return By(text, _axis(column), tuple(found.values()))
