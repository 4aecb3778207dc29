"""Write the statement that counts the people behind keys that are not public."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlglot.expressions as exp
from sqlglot import Dialect

from privacy.compile import Statement
from privacy.plan import Plan
from privacy.relation import whose
from privacy.render import render
from privacy.source import person_of, source

_DUCKDB: Final = Dialect.get_or_raise("duckdb")


def compile_key_counts(plan: Plan, locations: Mapping[str, str]) -> Statement:
    """Those keys as k0 …, in order, and the people n who have each combination.

    Each person counts once for a combination, however many rows they have.
    """
    query = plan.query
    keys = [render(key.expression) for key in query.keys if key.domain.values is None]
    people = exp.Count(
        this=exp.Distinct(expressions=[person_of(whose(query.relation))])
    )
    select = source(query.relation, locations)
    named = [exp.alias_(each, f"k{place}") for place, each in enumerate(keys)]
    select.set("expressions", [*named, exp.alias_(people, "n")])
    if query.where is not None:
        select.set("where", exp.Where(this=render(query.where)))
    positions = [exp.Literal.number(place + 1) for place in range(len(keys))]
    select.set("group", exp.Group(expressions=positions))
    return Statement(_DUCKDB.generate(select, copy=False))
