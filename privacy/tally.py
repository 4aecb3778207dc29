"""Write the statements that count rows by cell and bucket, for what is put in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlglot.expressions as exp
from sqlglot import Dialect

from privacy.compile import Statement, ordinal_of
from privacy.expression import Expression
from privacy.grid import Grid, grid_of
from privacy.nodes import big, binary, grouped, minus
from privacy.plan import Plan
from privacy.ranks import Choice
from privacy.render import render
from privacy.source import source

_DUCKDB: Final = Dialect.get_or_raise("duckdb")


def tallied(plan: Plan) -> tuple[Expression, ...]:
    """The arguments that are put in order, each once."""
    return tuple(dict.fromkeys(each.argument for each in plan.choices))


def position(plan: Plan, choice: Choice) -> int:
    """Which of the tallies a choice is made from."""
    return tallied(plan).index(choice.argument)


def compile_tallies(plan: Plan, locations: Mapping[str, str]) -> tuple[Statement, ...]:
    """One statement for each argument: the keys k0 …, the bucket b, its rows n.

    Only rows where the argument is present are counted. Whole numbers throughout;
    like a plan's own statement, none can fail.
    """
    return tuple(_tally(each, plan, locations) for each in tallied(plan))


def _tally(argument: Expression, plan: Plan, locations: Mapping[str, str]) -> Statement:
    query = plan.query
    present = exp.Not(
        this=exp.Is(this=grouped(render(argument)), expression=exp.Null())
    )
    conditions = [present] if query.where is None else [render(query.where), present]
    keys = [render(each.expression) for each in query.keys]
    bucket = _bucket(argument, grid_of(argument.domain))
    select = source(query.relation, locations)
    columns = [
        *(exp.alias_(each, f"k{place}") for place, each in enumerate(keys)),
        exp.alias_(bucket, "b"),
        exp.alias_(exp.Count(this=exp.Star()), "n"),
    ]
    select.set("expressions", columns)
    select.set("where", exp.Where(this=exp.and_(*conditions)))
    positions = [exp.Literal.number(place + 1) for place in range(len(keys) + 1)]
    select.set("group", exp.Group(expressions=positions))
    return Statement(_DUCKDB.generate(select, copy=False))


def _bucket(argument: Expression, grid: Grid) -> exp.Expr:
    return binary(
        exp.IntDiv, minus(ordinal_of(argument), big(grid.lower)), big(grid.step)
    )
