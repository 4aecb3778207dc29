"""Joins and subqueries mean what they say, and one person moves no more than that."""

from collections import Counter
from typing import Any

import duckdb
import numpy as np
from hypothesis import HealthCheck, assume, given, settings

from privacy.contribution import rows_per_person
from tests.laws.oracle import answer, related_rows
from tests.laws.relations import Database, databases, fill, related, together
from tests.laws.test_oracle import accepted, exact, grouped, laid_out

Drawn = tuple[list[Database], Database]


def counted(rows: list[dict[str, Any]]) -> Counter[str]:
    """Rows as a multiset."""
    return Counter(repr(sorted(row.items(), key=str)) for row in rows)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=related(), drawn=databases())
def test_the_engine_joins_as_plain_python_does(
    database: duckdb.DuckDBPyConnection, sql: str, drawn: Drawn
) -> None:
    """Every component of every cell is what joining row by row gives."""
    plan = accepted(sql)
    found = together(*drawn)
    fill(database, found)
    rows = related_rows(plan.query.relation, found)
    expected = laid_out(answer(plan, rows), plan)
    for computed, each in zip(exact(database, sql, plan), expected, strict=True):
        assert np.array_equal(computed, each)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=related(), drawn=databases())
def test_a_person_brings_at_most_as_many_rows_as_the_bound(
    sql: str, drawn: Drawn
) -> None:
    """Adding a person adds at most the bound's rows, and changes no other row."""
    plan = accepted(sql)
    people, public = drawn
    assume(people)
    bound = rows_per_person(plan.query.relation)
    after = counted(related_rows(plan.query.relation, together(people, public)))
    for place in range(len(people)):
        others = people[:place] + people[place + 1 :]
        before = counted(related_rows(plan.query.relation, together(others, public)))
        assert not before - after
        assert (after - before).total() <= bound


@settings(suppress_health_check=list(HealthCheck))
@given(sql=related(), drawn=databases())
def test_one_person_moves_components_by_at_most_the_sensitivity(
    database: duckdb.DuckDBPyConnection, sql: str, drawn: Drawn
) -> None:
    """Without one person no component of a join moves by more than the plan says."""
    plan = accepted(sql)
    people, public = drawn
    assume(people)
    fill(database, together(people, public))
    before = exact(database, sql, plan)
    fill(database, together(people[1:], public))
    after = exact(database, sql, plan)
    for component, with_them, without in zip(
        plan.components, before, after, strict=True
    ):
        touched = with_them != without
        pairs = zip(with_them[touched], without[touched], strict=True)
        moved = [int(one) - int(other) for one, other in pairs]
        assert sum(map(abs, moved)) <= component.l1
        assert sum(each**2 for each in moved) <= component.l2_squared


@settings(suppress_health_check=list(HealthCheck))
@given(sql=related(), drawn=databases())
def test_no_row_of_a_join_leaves_the_public_domains(
    database: duckdb.DuckDBPyConnection, sql: str, drawn: Drawn
) -> None:
    """Keys of joins and subqueries take only the values that were announced."""
    plan = accepted(sql)
    fill(database, together(*drawn))
    for key in grouped(database, sql, plan):
        for value, each in zip(key, plan.query.keys, strict=True):
            known = each.domain.values or ()
            assert value in known if value is not None else each.domain.nullable
