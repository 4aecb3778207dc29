"""Write a relation as the FROM of DuckDB's statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import sqlglot.expressions as exp

from privacy.expression import Call, Case, Expression, Function
from privacy.infer import call
from privacy.nodes import BIGINT, binary, cast, grouped, minus, product, when
from privacy.relation import (
    Join,
    JoinKind,
    PerPerson,
    Relation,
    Selected,
    Stacked,
    Summary,
    Summed,
    TableOf,
    about_people,
    names_in,
    whose,
)
from privacy.render import plain, render
from privacy.scope import PERSON_ID


def source(relation: Relation, locations: Mapping[str, str]) -> exp.Select:
    """A SELECT of nothing yet, from a relation over published tables.

    `locations` gives, for each table's name, the name its database is attached under.
    """
    select = exp.Select(from_=exp.From(this=_first(relation, locations)))
    joins = _joins(relation, locations)
    if joins:
        select.set("joins", joins)
    return select


def person_of(name: str) -> exp.Column:
    """The `person_id` of a table by the name it goes by."""
    return exp.column(PERSON_ID, table=name or None, quoted=True)


def _first(relation: Relation, locations: Mapping[str, str]) -> exp.Expr:
    """What stands in FROM before any JOIN."""
    match relation:
        case TableOf(name, table):
            return exp.Table(
                this=exp.to_identifier(table.name, quoted=True),
                db=exp.to_identifier(locations[table.name], quoted=True),
                alias=_alias(name),
            )
        case Selected(name=name):
            return exp.Subquery(this=_rows(relation, locations), alias=_alias(name))
        case PerPerson(name=name):
            return exp.Subquery(this=_people(relation, locations), alias=_alias(name))
        case Stacked(name, sources):
            rows: exp.Expr = _rows(sources[0], locations)
            for each in sources[1:]:
                below = _rows(each, locations)
                rows = exp.Union(this=rows, expression=below, distinct=False)
            return exp.Subquery(this=rows, alias=_alias(name))
        case Join(left=left):
            return _first(left, locations)


def _alias(name: str) -> exp.TableAlias | None:
    if not name:
        return None
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))


def _rows(selected: Selected, locations: Mapping[str, str]) -> exp.Select:
    """A subquery: its columns, and whose each row is."""
    select = source(selected.source, locations)
    columns = [
        exp.alias_(render(each), name, quoted=True) for name, each in selected.columns
    ]
    if about_people(selected.source):
        person = person_of(whose(selected.source))
        columns.insert(0, exp.alias_(person, PERSON_ID, quoted=True))
    select.set("expressions", columns or [exp.alias_(exp.Boolean(this=True), "r")])
    if selected.where is not None:
        select.set("where", exp.Where(this=render(selected.where)))
    return select


def _people(summed: PerPerson, locations: Mapping[str, str]) -> exp.Select:
    """A subquery of one row a person and key."""
    select = source(summed.source, locations)
    person = person_of(whose(summed.source))
    keys = [exp.alias_(render(each), name, quoted=True) for name, each in summed.keys]
    figures = [
        exp.alias_(_figure(each), name, quoted=True) for name, each in summed.columns
    ]
    first = exp.alias_(person, PERSON_ID, quoted=True)
    select.set("expressions", [first, *keys, *figures])
    positions = [exp.Literal.number(place + 1) for place in range(1 + len(keys))]
    select.set("group", exp.Group(expressions=positions))
    if summed.where is not None:
        select.set("where", exp.Where(this=render(summed.where)))
    return select


def _figure(summed: Summed) -> exp.Expr:
    """A figure of a person's rows, a number in BIGINT: binding proved that it fits."""
    argument = summed.argument
    if argument is None:
        return exp.Count(this=exp.Star())
    if summed.summary in (Summary.MIN, Summary.MAX):
        return _WRITTEN[summed.summary](plain(argument))
    return _WRITTEN[summed.summary](render(argument))


def _median(value: exp.Expr) -> exp.Expr:
    """Ten times the median: five times the two values in the middle, added up.

    The engine's own is a float. Its discrete quantile is the lower of the two, and
    that of what is negated, negated, the upper.
    """
    lower, upper = (
        exp.Anonymous(
            this="quantile_disc", expressions=[each, exp.Literal.number("0.5")]
        )
        for each in (value, exp.Neg(this=value.copy()))
    )
    return product(exp.Literal.number(5), minus(lower, upper))


_WRITTEN: Final[Mapping[Summary, Callable[[exp.Expr], exp.Expr]]] = {
    Summary.PRESENT: lambda value: exp.Count(this=value),
    Summary.DISTINCT: lambda value: exp.Count(this=exp.Distinct(expressions=[value])),
    Summary.SUM: lambda value: cast(exp.Sum(this=value), BIGINT),
    Summary.MIN: lambda value: exp.Min(this=value),
    Summary.MAX: lambda value: exp.Max(this=value),
    Summary.MEDIAN: lambda value: _median(cast(value, BIGINT)),
    Summary.ANY: lambda value: exp.LogicalOr(this=value),
    Summary.ALL: lambda value: exp.LogicalAnd(this=value),
}


def _joins(relation: Relation, locations: Mapping[str, str]) -> list[exp.Join]:
    if not isinstance(relation, Join):
        return []
    return [*_joins(relation.left, locations), _join(relation, locations)]


def _join(join: Join, locations: Mapping[str, str]) -> exp.Join:
    demanded, *rest = _demanded(join)
    for each in rest:
        demanded = exp.And(this=demanded, expression=each)
    if isinstance(join.right, Join):
        raise TypeError("the right side of a join is one table")
    left = join.kind is JoinKind.LEFT
    return exp.Join(
        this=_first(join.right, locations),
        side="LEFT" if left else None,
        kind=None if left else join.kind.name,
        on=demanded,
    )


def _demanded(join: Join) -> list[exp.Expr]:
    """What a join demands, each in brackets.

    Beside a condition of the left side of a LEFT JOIN alone the engine would compare
    every row with every other, so what must be equal is NULL where it is not true.
    """
    alone, others = _parted(join)
    if join.people is not None:
        left, right = (person_of(each) for each in join.people)
        first: exp.Expr = left
        if alone:
            first = when([(render(call(Function.AND, *alone)), left)], None)
        return [binary(exp.EQ, first, right), *map(_bracketed, others)]
    if alone:
        others = _where_equal(call(Function.AND, *alone), others, join)
    return [_bracketed(each) for each in others]


def _bracketed(condition: Expression) -> exp.Expr:
    return grouped(render(condition))


def _parted(join: Join) -> tuple[list[Expression], list[Expression]]:
    """The conditions of the left side alone that keep no row out, and all others."""
    people = join.kind is JoinKind.ANTI and join.people is not None
    if not (join.kind is JoinKind.LEFT or people):
        return [], [*join.conditions]
    name = whose(join.right)
    alone = [each for each in join.conditions if name not in names_in(each)]
    return alone, [each for each in join.conditions if name in names_in(each)]


def _where_equal(
    condition: Expression, others: list[Expression], join: Join
) -> list[Expression]:
    """The conditions, of which the first equality of both sides holds one more.

    There is one, as a row matches one public row at most by a key's equality.
    """
    name = whose(join.right)
    equal, mine, other = next(
        (each, mine, other)
        for each in others
        if isinstance(each, Call) and each.function is Function.EQUAL
        for mine, other in (each.arguments, each.arguments[::-1])
        if name not in names_in(mine)
    )
    kept = Case(((condition, mine),), None, replace(mine.domain, nullable=True))
    rest = [each for each in others if each is not equal]
    return [replace(equal, arguments=(kept, other)), *rest]
