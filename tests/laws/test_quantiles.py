"""What a quantile is chosen from: counts by bucket, and distances one person moves."""

from collections import Counter
from typing import Any

import duckdb
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis.strategies import SearchStrategy

from privacy.mechanism import Best, Selection
from privacy.ordinal import ordinal
from privacy.pick import distances, row_counts
from privacy.plan import Plan
from privacy.selection import Stage
from privacy.table import Tally
from privacy.tally import compile_tallies
from tests.language.example import LOCATION
from tests.laws.grammar import conditions, engine, fill, keys, numbers, people
from tests.laws.oracle import unscaled, value
from tests.laws.test_oracle import accepted
from tre.enclave.execute import execute
from tre.enclave.job import Job


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    """One engine for all examples."""
    return engine()


def questions() -> SearchStrategy[str]:
    """One quantile, of all rows or of some, by a key or none."""
    kinds = st.sampled_from(
        ["MEDIAN({})", "MIN({})", "MAX({})", "QUANTILE_DISC({}, 0.3)"]
    )
    argument = st.one_of(numbers(2), st.just("born"))
    asked = st.tuples(kinds, argument).map(lambda each: each[0].format(each[1]))
    where = st.one_of(st.just(""), conditions(1).map(" WHERE {}".format))
    grouped = st.one_of(st.just(""), keys())
    return st.tuples(asked, where, grouped).map(
        lambda each: (
            f"SELECT {each[0]} AS x FROM earnings{each[1]}"
            + (f" GROUP BY {each[2]}" if each[2] else "")
        )
    )


def tallied(database: duckdb.DuckDBPyConnection, plan: Plan) -> Tally:
    """The counts that the enclave would choose from."""
    statements = compile_tallies(plan, {"earnings": LOCATION})
    domains = tuple(key.domain for key in plan.query.keys)
    job = Job((), "", domains, (), tallies=tuple(each.sql for each in statements))
    (found,) = execute(
        job, lambda text: database.execute(text).to_arrow_table()
    ).tallies
    return found


def counted(plan: Plan, rows: list[dict[str, Any]]) -> dict[tuple[int, int], int]:
    """Rows by cell and bucket, counted in plain Python."""
    found: Counter[tuple[int, int]] = Counter()
    choice, where = plan.choices[0], plan.query.where
    for row in rows:
        if where is not None and value(where, row) is not True:
            continue
        this = unscaled(choice.argument, row)
        if this is None:
            continue
        cell = 0
        for key in plan.query.keys:
            known = [*(key.domain.values or ()), *([None] * key.domain.nullable)]
            cell = cell * len(known) + known.index(unscaled(key.expression, row))
        found[cell, (ordinal(this) - choice.grid.lower) // choice.grid.step] += 1
    return dict(found)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), found=people())
def test_the_engine_counts_rows_by_bucket_as_plain_python_does(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Every row where the argument is known is in its bucket, and within the grid."""
    plan = accepted(sql)
    rows = [row for person in found for row in person]
    fill(database, rows)
    tally = tallied(database, plan)
    columns = (tally.cells, tally.buckets, tally.rows)
    cells, buckets, counts = (each.tolist() for each in columns)
    engines = dict(zip(zip(cells, buckets, strict=True), counts, strict=True))
    assert engines == counted(plan, rows)
    grid = plan.choices[0].grid
    assert all(0 <= bucket < grid.buckets for bucket in buckets)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), found=people(), shifted=st.integers(0, 20))
def test_one_person_moves_distances_by_at_most_the_sensitivity(
    database: duckdb.DuckDBPyConnection,
    sql: str,
    found: list[list[dict[str, Any]]],
    shifted: int,
) -> None:
    """Over all cells together, the largest moves add up to no more than is priced."""
    assume(found)
    plan = accepted(sql)
    sides = []
    for kept in (found, found[1:]):
        fill(database, [row for person in kept for row in person])
        sides.append([*row_counts(tallied(database, plan), plan.cells)])
    for choice in plan.choices:
        sign = choice.target.inwards or 1
        stage = Stage(Selection(Best.GUMBEL, 1.0, choice.moved), sign * shifted)
        edges = np.array(choice.grid.edges)
        moved = 0
        for before, after in zip(*sides, strict=True):
            one, other = (
                distances(each, edges, choice.target, stage) for each in (before, after)
            )
            moved += int(np.abs(one - other).max())
        assert moved <= choice.moved
