"""Grouping sets are measured as they mean, and one person moves no more than that."""

from fractions import Fraction
from typing import Any

import duckdb
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from privacy.accounting import NANO, Measure
from privacy.compile import compile_plan
from privacy.levels import Part, level, parts, price_levels
from privacy.spending import Allowance, Intent, Spending
from tests.language.example import LOCATION
from tests.laws.grammar import aggregates, conditions, engine, fill, keys, people
from tests.laws.oracle import answer
from tests.laws.test_oracle import accepted, laid_out
from tre.enclave.execute import execute
from tre.enclave.job import Job

ALLOWANCE = Allowance(Measure.ZCDP, 10 * NANO, 10**12)


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    """One engine for all examples."""
    return engine()


@st.composite
def grouped(draw: st.DrawFn) -> str:
    """A question with several groupings."""
    asked = draw(st.lists(aggregates(), min_size=1, max_size=2))
    one, other = draw(keys()), draw(keys())
    assume(one != other)
    form = draw(
        st.sampled_from(
            [
                "ROLLUP ({0}, {1})",
                "CUBE ({0}, {1})",
                "GROUPING SETS (({0}), ({1}))",
                "GROUPING SETS (({0}, {1}), ())",
                "{0}, ROLLUP ({1})",
            ]
        )
    )
    items = [f"{each} AS x{place}" for place, each in enumerate([one, other, *asked])]
    one, other = "x0", "x1"
    kept = draw(st.one_of(st.none(), conditions(1)))
    where = f" WHERE {kept}" if kept else ""
    group = form.format(one, other)
    return f"SELECT {', '.join(items)} FROM earnings{where} GROUP BY {group}"


def measured(sql: str) -> tuple[Part, ...]:
    """What is measured for a question."""
    plan = level(accepted(sql), Measure.ZCDP)
    assume(plan.cells <= 5_000)
    cost = price_levels(plan, Spending(Intent.RHO, Fraction(1)), ALLOWANCE)
    assert 0 <= NANO - cost.rho_nano <= NANO // 100
    return parts(cost)


def exact(database: duckdb.DuckDBPyConnection, part: Part) -> list[Any]:
    """The components of one grouping over its cells."""
    statement = compile_plan(part.plan, {"earnings": LOCATION}).sql
    public = tuple(key.domain for key in part.plan.query.keys)
    job = Job((), statement, public, part.mechanisms)
    table = execute(job, lambda text: database.execute(text).to_arrow_table())
    return list(table.values)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=grouped(), found=people())
def test_every_grouping_is_what_plain_python_counts(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Every component of every cell of every measured set."""
    rows = [row for person in found for row in person]
    groupings = measured(sql)
    fill(database, rows)
    for part in groupings:
        expected = laid_out(answer(part.plan, rows), part.plan)
        for computed, each in zip(exact(database, part), expected, strict=True):
            assert np.array_equal(computed, each)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=grouped(), found=people())
def test_one_person_moves_every_grouping_by_at_most_its_sensitivity(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Each set alone, as it is priced."""
    assume(found)
    groupings = measured(sql)
    fill(database, [row for person in found for row in person])
    before = [exact(database, part) for part in groupings]
    fill(database, [row for person in found[1:] for row in person])
    for part, earlier in zip(groupings, before, strict=True):
        later = exact(database, part)
        for component, one, other in zip(
            part.plan.components, earlier, later, strict=True
        ):
            moved = [int(a) - int(b) for a, b in zip(one, other, strict=True)]
            assert sum(map(abs, moved)) <= component.l1
            assert sum(each**2 for each in moved) <= component.l2_squared
