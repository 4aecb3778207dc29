"""What the engine computes is what the question means."""

from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, assume, event, given, settings

from privacy.errors import Refused
from privacy.plan import Plan
from tests.language.example import compiled, planned
from tests.laws.grammar import engine, fill, people, questions
from tests.laws.oracle import answer


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    """One engine for all examples."""
    return engine()


def exact(
    database: duckdb.DuckDBPyConnection, sql: str, plan: Plan
) -> dict[tuple[Any, ...], list[int]]:
    """The compiled statement's rows by key; a sum of nothing counts as 0."""
    width = len(plan.query.keys)
    return {
        row[:width]: [int(each or 0) for each in row[width:]]
        for row in database.execute(compiled(sql)).fetchall()
    }


def accepted(sql: str) -> Plan:
    """The plan of a question; others are not of interest."""
    try:
        return planned(sql)
    except Refused as refused:
        event(f"refused: {refused.code}")
    assume(False)
    raise AssertionError


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), found=people())
def test_the_engine_agrees_with_plain_python(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Every component of every cell is what reading row by row gives."""
    plan = accepted(sql)
    rows = [row for person in found for row in person]
    fill(database, rows)
    assert exact(database, sql, plan) == answer(plan, rows)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), found=people())
def test_no_row_leaves_the_public_domains(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Keys take only the values that were announced."""
    plan = accepted(sql)
    fill(database, [row for person in found for row in person])
    for key in exact(database, sql, plan):
        for value, each in zip(key, plan.query.keys, strict=True):
            known = each.domain.values or ()
            assert value in known if value is not None else each.domain.nullable


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), found=people())
def test_one_person_moves_components_by_at_most_the_sensitivity(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Without one person no component moves by more than the plan says."""
    assume(found)
    plan = accepted(sql)
    fill(database, [row for person in found for row in person])
    before = exact(database, sql, plan)
    fill(database, [row for person in found[1:] for row in person])
    after = exact(database, sql, plan)
    nothing = [0] * len(plan.components)
    for place, component in enumerate(plan.components):
        moved = [
            before.get(key, nothing)[place] - after.get(key, nothing)[place]
            for key in before.keys() | after.keys()
        ]
        assert sum(map(abs, moved)) <= component.l1
        assert sum(each**2 for each in moved) <= component.l2_squared
