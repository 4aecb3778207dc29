"""Write the one statement that computes a plan's exact components in DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlglot.expressions as exp
from sqlglot import Dialect

from privacy.canonical import canonical
from privacy.expression import Expression
from privacy.nodes import grouped, when
from privacy.plan import Component, Plan
from privacy.query import BoundQuery, Statistic
from privacy.render import render
from privacy.scope import PERSON_ID

_DUCKDB: Final = Dialect.get_or_raise("duckdb")

__all__ = ["Statement", "canonical", "compile_plan"]


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL for the enclave's DuckDB, made of the question's IR and never of its text.

    Its columns are the keys k0, k1 … in order and then the components c0, c1 … in
    order, one row a cell that has rows; without keys there is exactly one row.
    Counts and sums are integers, a sum of no values is NULL. Numbers, in keys as in
    sums, are unscaled.
    """

    sql: str = field(repr=False)


def compile_plan(plan: Plan, locations: Mapping[str, str]) -> Statement:
    """Compile a plan over published tables.

    `locations` gives, for each table's name, the name its database is attached
    under. No row can make the statement fail: binding proved that every number
    fits, and every function used is total.
    """
    query = plan.query
    keys = [render(key.expression) for key in query.keys]
    columns = [
        *(exp.alias_(each, f"k{place}") for place, each in enumerate(keys)),
        *(
            exp.alias_(_component(each), f"c{place}")
            for place, each in enumerate(plan.components)
        ),
    ]
    select = exp.Select(expressions=columns, from_=_source(query, locations))
    if query.where is not None:
        select.set("where", exp.Where(this=render(query.where)))
    if keys:
        positions = [exp.Literal.number(place + 1) for place in range(len(keys))]
        select.set("group", exp.Group(expressions=positions))
    return Statement(_DUCKDB.generate(select, copy=False))


def _source(query: BoundQuery, locations: Mapping[str, str]) -> exp.From:
    name = query.table.name
    return exp.From(
        this=exp.Table(
            this=exp.to_identifier(name, quoted=True),
            db=exp.to_identifier(locations[name], quoted=True),
        )
    )


def _whose(argument: Expression) -> exp.Expr:
    """The person of a row where the argument is present, else NULL."""
    absent = exp.Is(this=grouped(render(argument)), expression=exp.Null())
    person = exp.column(PERSON_ID, quoted=True)
    return when([(exp.Not(this=absent), person)], None)


def _component(component: Component) -> exp.Expr:
    match component.statistic, component.argument:
        case Statistic.ROWS, None:
            return exp.Count(this=exp.Star())
        case Statistic.PEOPLE, None:
            person = exp.column(PERSON_ID, quoted=True)
            return exp.Count(this=exp.Distinct(expressions=[person]))
        case Statistic.PEOPLE, argument if argument is not None:
            return exp.Count(this=exp.Distinct(expressions=[_whose(argument)]))
        case Statistic.PRESENT, argument if argument is not None:
            return exp.Count(this=render(argument))
        case Statistic.SUM, argument if argument is not None:
            return exp.Sum(this=render(argument))
        case _:
            raise ValueError("a component counts rows or people, or has an argument")
