"""Write the one statement that computes a plan's exact components in DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlglot.expressions as exp
from sqlglot import Dialect

from privacy.canonical import canonical
from privacy.catalogue import Type
from privacy.expression import Expression
from privacy.nodes import BIGINT, binary, cast, grouped, minus, when
from privacy.plan import Component, Plan
from privacy.query import ORDERS, SPREADS, Aggregate, BoundQuery, Statistic
from privacy.reading import Reading
from privacy.relation import whose
from privacy.render import render
from privacy.source import person_of, source

_DUCKDB: Final = Dialect.get_or_raise("duckdb")

__all__ = [
    "Statement",
    "canonical",
    "compile_exactly",
    "compile_plan",
    "compile_rows",
]


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
    return _statement(plan, locations, _components(plan))


def _statement(
    plan: Plan, locations: Mapping[str, str], components: list[exp.Expr]
) -> Statement:
    query = plan.query
    keys = [render(key.expression) for key in query.keys]
    columns = [
        *(exp.alias_(each, f"k{place}") for place, each in enumerate(keys)),
        *(exp.alias_(each, f"c{place}") for place, each in enumerate(components)),
    ]
    select = source(query.relation, locations)
    select.set("expressions", columns or [exp.alias_(exp.Boolean(this=True), "c")])
    if query.where is not None:
        select.set("where", exp.Where(this=render(query.where)))
    if keys:
        positions = [exp.Literal.number(place + 1) for place in range(len(keys))]
        select.set("group", exp.Group(expressions=positions))
    return Statement(_DUCKDB.generate(select, copy=False))


def compile_exactly(plan: Plan, locations: Mapping[str, str]) -> Statement:
    """Compile a plan whose spreads and quantiles are the engine's own.

    For the laboratory only. Each is the component it is read off: a float times
    10^scale, or the nearest ordinal, 0 where the engine has no number; the component
    after it is 1 where it has one, else 0.
    """
    components = dict(enumerate(_components(plan)))
    pairs = zip(plan.query.aggregates, plan.readings, strict=True)
    for aggregate, reading in pairs:
        if aggregate.statistic in SPREADS and isinstance(reading, Reading):
            value = _engines(aggregate)
            scale = plan.components[reading.component].scale
            factor = cast(exp.Literal.number(f"1e{scale}"), exp.DType.DOUBLE)
            finite = exp.Anonymous(this="isfinite", expressions=[value])
            known = exp.Coalesce(this=finite, expressions=[exp.Boolean(this=False)])
            scaled = exp.Round(this=binary(exp.Mul, value.copy(), factor))
            components[reading.component] = when([(known, scaled)], None)
            components[reading.component + 1] = cast(known.copy(), BIGINT)
        if aggregate.statistic in ORDERS and isinstance(reading, Reading):
            value = _engines_own(aggregate)
            absent = exp.Is(this=value.copy(), expression=exp.Null())
            components[reading.component] = cast(value, BIGINT)
            components[reading.component + 1] = cast(exp.Not(this=absent), BIGINT)
    return _statement(plan, locations, [each for _, each in sorted(components.items())])


def compile_rows(query: BoundQuery, locations: Mapping[str, str]) -> Statement:
    """Compile the rows behind a question's cells. For the laboratory only.

    Columns: `person`, the keys k0, k1 … and the aggregates' arguments a0, a1 …,
    those of aggregates that have one; numbers are unscaled.
    """
    select = source(query.relation, locations)
    arguments = (
        exp.alias_(render(each.argument), f"a{place}")
        for place, each in enumerate(query.aggregates)
        if each.argument is not None
    )
    keys = (render(key.expression) for key in query.keys)
    columns = [
        exp.alias_(person_of(whose(query.relation)), "person"),
        *(exp.alias_(each, f"k{place}") for place, each in enumerate(keys)),
        *arguments,
    ]
    select.set("expressions", columns)
    if query.where is not None:
        select.set("where", exp.Where(this=render(query.where)))
    return Statement(_DUCKDB.generate(select, copy=False))


def _engines(aggregate: Aggregate) -> exp.Expr:
    """The engine's own function of floats."""
    arguments = [
        binary(
            exp.Div,
            cast(render(each), exp.DType.DOUBLE),
            cast(exp.Literal.number(f"1e{each.domain.scale}"), exp.DType.DOUBLE),
        )
        for each in (aggregate.argument, aggregate.other)
        if each is not None
    ]
    name = aggregate.statistic.value.lower()
    return exp.Anonymous(this=name, expressions=arguments)


def _engines_own(aggregate: Aggregate) -> exp.Expr:
    """The engine's own quantile, as a whole ordinal."""
    if aggregate.argument is None:
        raise TypeError("a quantile is of an argument")
    arguments = [ordinal_of(aggregate.argument)]
    if aggregate.at is not None:
        arguments.append(exp.Literal.number(f"{float(aggregate.at):.6f}"))
    name = aggregate.statistic.value.lower()
    return exp.Round(this=exp.Anonymous(this=name, expressions=arguments))


def _components(plan: Plan) -> list[exp.Expr]:
    name = whose(plan.query.relation)
    return [_component(each, name) for each in plan.components]


def _whose(argument: Expression, name: str) -> exp.Expr:
    """The person of a row where the argument is present, else NULL."""
    absent = exp.Is(this=grouped(render(argument)), expression=exp.Null())
    return when([(exp.Not(this=absent), person_of(name))], None)


def _component(component: Component, name: str) -> exp.Expr:
    """One component; `name` is the table whose `person_id` is whose a row is."""
    match component.statistic, component.argument:
        case Statistic.ROWS, None:
            return exp.Count(this=exp.Star())
        case Statistic.PEOPLE, None:
            return exp.Count(this=exp.Distinct(expressions=[person_of(name)]))
        case Statistic.PEOPLE, argument if argument is not None:
            return exp.Count(this=exp.Distinct(expressions=[_whose(argument, name)]))
        case Statistic.DISTINCT, argument if argument is not None:
            return exp.Count(this=exp.Distinct(expressions=[render(argument)]))
        case Statistic.PRESENT, argument if argument is not None:
            return exp.Count(this=render(argument))
        case Statistic.SUM, argument if argument is not None:
            return exp.Sum(this=render(argument))
        case _:
            raise ValueError("a component counts rows or people, or has an argument")


def ordinal_of(argument: Expression) -> exp.Expr:
    """The engine's number of a value in its order, as `privacy.ordinal` has it."""
    node = render(argument)
    match argument.domain.type:
        case Type.DATE:
            first = cast(exp.Literal.string("1970-01-01"), exp.DType.DATE)
            return cast(minus(node, first), BIGINT)
        case Type.DATETIME:
            return exp.Anonymous(this="epoch_us", expressions=[node])
        case _:
            return cast(node, BIGINT)
